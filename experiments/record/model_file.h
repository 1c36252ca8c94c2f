// SPDX-License-Identifier: Apache-2.0
// The trained network as a weights file (data/formats/weights_file.h), HDF5 or safetensors by its ending. It has one
// array per parameter, with the names and the axis order of the published checkpoints; the network's options as texts;
// and all that a prediction needs: the text `prediction` (JSON) and the array `prediction.occupancy`. Read next:
// trained_model.h.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/record/trained_model.h"
#include "experiments/training/learner.h"

namespace cg {

/// Writes the model's parameters and batch-norm statistics (`num_batches_tracked` included), but not the predictor of a
/// loss. Without a `prediction`, the file can only be used as initial weights. Errors: storage.
void write_model(const std::filesystem::path& path, Learner& learner, const Prediction* prediction = nullptr);

/// Whether a file among scans is meant as a model, by its content: safetensors, or HDF5 with a prediction. False for
/// all that cannot be read.
bool is_model_file(const std::filesystem::path& path);

/// A model file, or those of a run folder: one for each seed, by name. Only the names that a run gives its models count
/// (is_model_name), whatever the files contain: reading a damaged one reports it. Errors (data): a folder without model
/// files.
std::vector<std::string> model_files(const std::filesystem::path& path);

/// Reads a model file that predicts. Errors: data, if there is no such file, or it has no prediction (initial weights,
/// a file of an older version); corrupt, if a part is damaged or missing, or the parts do not fit together.
TrainedModel read_model(const std::filesystem::path& path);

}  // namespace cg
