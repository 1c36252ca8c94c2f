// SPDX-License-Identifier: Apache-2.0
// Predicts ages of scans with one trained model or the mean of several, and gives what a reader of them needs: the gap,
// its age bias, and whether the scan differs much from the training data. Read next: scans.h,
// experiments/prediction/inference.h.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <vector>

#include "experiments/prediction/inference.h"
#include "experiments/prediction/scans.h"
#include "experiments/program/progress.h"

namespace cg {

/// Whether the model was trained on a scan, or on another scan with its id; or whether one of the two was in the
/// validation part, by which its settings may have been chosen, or among those that its initial weights were trained
/// on. In the order of how much it matters.
enum class TrainedOn { no, unknown, pretraining, validation, by_id, by_map };
constexpr const char* trained_on_names[] = {"", "unknown", "pretraining", "validation", "yes", "yes"};  ///< in tables

/// By the digests in the model file; `unknown` if an earlier version wrote it, without them.
TrainedOn trained_on(const Scan& scan, const Prediction& model);

/// What is a phantom, in tables: "scan", "model" (it was trained on one), "model and scan", or empty.
std::string synthetic_word(const Scan& scan, const Prediction& model);

struct PredictedAge {
  std::string id;
  std::string source = {};                                   ///< of the scan
  double age = 0;                                            ///< years; NaN if unknown, and then both gaps are NaN
  double predicted = 0;                                      ///< years; the mean over the models
  double spread = std::numeric_limits<double>::quiet_NaN();  ///< years: SD over the models; NaN for one model
  double gap = 0;                                            ///< predicted − age
  double corrected = 0;  ///< the gap minus its age bias on the training part; not a main result
  MapStatistics map;     ///< in the map's unit
  TrainedOn trained_on = TrainedOn::no;
  std::string synthetic = {};         ///< see synthetic_word
  std::vector<std::string> warnings;  ///< differences from the training part
};

/// A scan as input of the network: [1, D, H, W, 1], float32 on the host. Errors (data): all data are equal.
Tensor network_input(const Volume& volume, const std::string& source, const std::optional<Intensity>& intensity);

/// Reasons not to trust a prediction.
std::vector<std::string> warnings_of(const Scan& scan, const PredictedAge& prediction, const Prediction& model);

/// Predicts one scan by one model, whose network this is. Errors: data; numbers; memory.
PredictedAge predict_one(const Scan& scan, const TrainedModel& model, Inference& network);

/// Errors (usage): models with different grids, modalities or ways to bring a scan to the grid have no mean.
void check_same_input(std::span<const TrainedModel> models);

/// Predicts all scans by the mean of the models: each sees the scan as it was trained. A scan counts as trained on if
/// one of the models was; a warning of any model is given. `scans` are read for the first model. Errors: data or
/// corrupt, with all scans that cannot be used; numbers, naming the first scan with a feature or a predicted age that
/// is not finite; memory.
std::vector<PredictedAge> predict_ages(const Scans& scans, std::span<const TrainedModel> models, Backend& backend,
                                       const ProgressOutput& output);

/// All warnings of a scan as one cell of a table.
std::string warnings_cell(const std::vector<std::string>& warnings);

/// CSV, one line per scan: participant_id, age, predicted_age, predicted_age_sd, gap, gap_bias_corrected, coverage,
/// map_mean, map_sd, source, trained_on, synthetic, warnings.
std::string prediction_table(std::span<const PredictedAge> rows);

/// The mean absolute error of the scans with known age that the model was not trained on, and how many were left out;
/// or why there is no error. Empty if the age of no scan, or only of one that the model was not trained on, is known.
std::string error_text(std::span<const PredictedAge> rows);

}  // namespace cg
