// The trained network as a weights file (data/weights_file.h), HDF5 or safetensors by its ending: an array a parameter,
// with the names and the axis order of the published checkpoints.
#pragma once

#include <filesystem>

#include "experiments/runner/learner.h"

namespace cg {

/// Writes the model's parameters and batch-norm statistics (`num_batches_tracked` included), not a loss's predictor.
/// Errors: storage.
void write_model(const std::filesystem::path& path, Learner& learner);

}  // namespace cg
