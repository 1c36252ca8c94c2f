// The trained network as HDF5: a dataset a parameter, with the names and the axis order of the published checkpoints.
#pragma once

#include <filesystem>

#include "experiments/runner/learner.h"

namespace cg {

/// Writes the model's parameters and batch-norm statistics (`num_batches_tracked` included), not a loss's predictor.
/// Errors: storage.
void write_model(const std::filesystem::path& path, Learner& learner);

}  // namespace cg
