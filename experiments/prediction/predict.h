// SPDX-License-Identifier: Apache-2.0
// Predicts ages of scans with a trained model, and gives what a reader of them needs: the gap, its age bias, and
// whether the scan differs much from the training data. Read next: scans.h, experiments/prediction/inference.h.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "experiments/prediction/inference.h"
#include "experiments/prediction/scans.h"
#include "experiments/program/progress.h"

namespace cg {

/// Whether the model was trained on a scan, or on another scan with its id; or whether one of the two was in the
/// validation part, by which its settings may have been chosen, or among those that its initial weights were trained
/// on.
enum class TrainedOn { no, by_map, by_id, validation, pretraining, unknown };
constexpr const char* trained_on_names[] = {"", "yes", "yes", "validation", "pretraining", "unknown"};  ///< in tables

/// By the digests in the model file; `unknown` if an earlier version wrote it, without them.
TrainedOn trained_on(const Scan& scan, const Prediction& model);

/// What is a phantom, in tables: "scan", "model" (it was trained on one), "model and scan", or empty.
std::string synthetic_word(const Scan& scan, const Prediction& model);

struct PredictedAge {
  std::string id;
  std::string source = {};  ///< of the scan
  double age = 0;           ///< years; NaN if unknown, and then both gaps are NaN
  double predicted = 0;     ///< years
  double gap = 0;           ///< predicted − age
  double corrected = 0;     ///< the gap minus its age bias on the training part; not a main result
  MapStatistics map;        ///< in the map's unit
  TrainedOn trained_on = TrainedOn::no;
  std::string synthetic = {};         ///< see synthetic_word
  std::vector<std::string> warnings;  ///< differences from the training part
};

/// A scan as input of the network: [1, D, H, W, 1], float32 on the host. Errors (data): all data are equal.
Tensor network_input(const Volume& volume, const std::string& source, const std::optional<Intensity>& intensity);

/// Reasons not to trust a prediction.
std::vector<std::string> warnings_of(const Scan& scan, const PredictedAge& prediction, const Prediction& model);

/// Predicts all scans. Errors: data or corrupt, with all scans that cannot be used; numbers, naming the first scan with
/// a feature or a predicted age that is not finite.
std::vector<PredictedAge> predict_ages(const Scans& scans, const TrainedModel& model, Inference& network,
                                       const ProgressOutput& output);

/// CSV, one line per scan: participant_id, age, predicted_age, gap, gap_bias_corrected, coverage, map_mean, map_sd,
/// source, trained_on, synthetic, warnings.
std::string prediction_table(std::span<const PredictedAge> rows);

/// The mean absolute error of the scans with known age that the model was not trained on, and how many were left out;
/// or why there is no error. Empty if the age of no scan, or only of one that the model was not trained on, is known.
std::string error_text(std::span<const PredictedAge> rows);

}  // namespace cg
