// The weights that training starts from (`pretrained.weights`): anybody's file, compared with the network name by name.
// Nothing is passed over in silence. Read next: data/formats/weights_file.h (how it is read).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "autograd/parameter.h"
#include "data/formats/weights_file.h"
#include "experiments/config/config.h"
#include "layers/model.h"

namespace cg {

/// What a file has for a network.
struct Pretrained {
  std::string path;
  std::string digest;                                ///< SHA-256 of the file
  std::map<std::string, std::vector<float>> values;  ///< by parameter, in the engine's order of axes
  std::vector<std::string> missing;                  ///< parameters that keep their random start: not in the file,
  std::vector<std::string> reshaped;                 ///< or there with another shape
  std::vector<std::string> unexpected;               ///< arrays that the network has no place for
};

/// Reads the file of `options`. Errors: corrupt, if it is damaged or hostile; data, if it differs from the network
/// where `allow_missing` names no exception, or holds numbers that are not finite; usage, for an exception that names
/// nothing in either.
Pretrained read_pretrained(const PretrainedOptions& options, const ModelOptions& network);

/// The arrays of a file that have a place in the network with the shape that files have, and the names of all that
/// differ; what is in the file besides weights is passed over. Errors: data, for numbers that are not finite.
Pretrained compared(const std::string& path, const std::string& digest, WeightsFile file, const ModelOptions& network);

/// Puts the values in their places; all other parameters stay as they are.
void start_from(const Pretrained& weights, ParameterStore& store);

/// For people: file, digest, how many names matched, which did not.
std::string to_string(const Pretrained& weights);

}  // namespace cg
