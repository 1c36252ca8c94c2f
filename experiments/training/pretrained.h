// SPDX-License-Identifier: Apache-2.0
// The weights that training starts from (`pretrained.weights`): a file from any source, compared with the network name
// by name. Every difference is reported. Read next: data/formats/weights_file.h (how it is read).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "autograd/parameter.h"
#include "data/formats/weights_file.h"
#include "experiments/config/config.h"
#include "layers/model.h"

namespace cg {

/// The contents of a weights file, compared with a network.
struct Pretrained {
  std::string path;
  std::string digest;                                ///< SHA-256 of the file
  std::map<std::string, std::vector<float>> values;  ///< by parameter, in the engine's order of axes
  std::vector<std::string> missing;                  ///< parameters that keep their random values: not in the file,
  std::vector<std::string> reshaped;                 ///< or in the file with another shape
  std::vector<std::string> unexpected;               ///< arrays that are not parameters of the network
  std::string prefix = {};                           ///< that was taken off all names of the file
  Texts texts = {};                                  ///< of the file
  bool verified = false;                             ///< as WeightsFile has it
};

/// Reads the file of `options`. torch.compile, DataParallel and Lightning put their own words before all names
/// (`_orig_mod.`, `module.`, `model.`): one prefix with which all names of the network fit is taken off. Errors:
/// corrupt, if it is damaged or hostile; data, if it differs from the network in a name that `allow_missing` does not
/// list, or contains numbers that are not finite; usage, if an entry of `allow_missing` matches no name in file or
/// network.
Pretrained read_pretrained(const PretrainedOptions& options, const ModelOptions& network);

/// The arrays of a file that match a parameter of the network in name and shape, and the names of all that differ.
/// Contents other than weights are ignored. Errors: data, for numbers that are not finite.
Pretrained compared(const std::string& path, const std::string& digest, WeightsFile file, const ModelOptions& network);

/// Writes the values to their parameters; all others keep theirs.
void start_from(const Pretrained& weights, ParameterStore& store);

/// As text: file, digest, how many names match, which do not.
std::string to_string(const Pretrained& weights);

}  // namespace cg
