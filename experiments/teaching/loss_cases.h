// SPDX-License-Identifier: Apache-2.0
// Losses evaluated for the cases of a file, so that other implementations can be compared with ours. The file (HDF5)
// has one group per case, as the files in tests/golden:
//   attributes  loss; batch_size; views; options: JSON with formulation, kernel, sigma, temperature, base_temperature,
//               distance, far_decay ("inf" or a number), delta_reduction, weight_precision, bin_width, neighbours
//               (views × NN_nb), or epoch, final_neighbours, step_size and max_epochs to find them by Algorithm 1
//   datasets    embeddings [n, d], ages [n]; nnclr: predictions [n, d] and queue [q, d], and ages may be missing
// Missing options have our defaults, except sup_con's bin_width, which is 0: ages are classes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/formats/hdf5_file.h"
#include "losses/loss.h"

namespace cg {

/// A case that owns its numbers.
struct LossCase {
  std::string group;
  LossOptions options;
  std::vector<double> z, ages, predictions, queue;
  Index views = 1, neighbours = 0, epoch = 1, max_epochs = 50;

  LossInput input() const {
    return {.z = z,
            .ages = ages,
            .views = views,
            .epoch = epoch,
            .max_epochs = max_epochs,
            .neighbours = neighbours,
            .predictions = predictions,
            .queue = queue};
  }
};

/// Sets the options that the JSON of a case names. Errors: data, naming `where`, for text that is not a JSON object, an
/// unknown option, and a value out of range.
void read_case_options(const std::string& where, const std::string& json, LossCase& into);

/// One group of a file. Errors: data and corrupt, naming file and group.
LossCase read_loss_case(const H5Reader& file, const std::string& group);

/// The result for a file.
struct CasesSummary {
  Index evaluated = 0;
  Index compared = 0;                 ///< cases that had a value and a gradient before
  double largest_difference = 0;      ///< of those, relative to the largest entry
  std::vector<std::string> failures;  ///< a message for each case that could not be evaluated
};

/// Writes every group of `from` to `to` with `value`, `rows` [n] (what each anchor adds to it) and `gradient` [n, d]
/// (dL/dz; of nnclr dL/d predictions) beside what was in it. A case that fails gets the attribute `error` instead.
/// Errors: data and corrupt, if `from` cannot be read; storage.
CasesSummary evaluate_cases(const std::string& from, const std::string& to);

}  // namespace cg
