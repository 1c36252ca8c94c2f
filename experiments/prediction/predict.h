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

struct PredictedAge {
  std::string id;
  std::string source = {};            ///< of the scan
  double age = 0;                     ///< years; NaN if unknown, and then both gaps are NaN
  double predicted = 0;               ///< years
  double gap = 0;                     ///< predicted − age
  double corrected = 0;               ///< the gap minus its age bias on the training part; not a main result
  MapStatistics map;                  ///< in the map's unit
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
/// source, warnings.
std::string prediction_table(std::span<const PredictedAge> rows);

}  // namespace cg
