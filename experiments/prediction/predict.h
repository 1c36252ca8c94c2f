// Ages of scans by a trained model, with what must be known to read them: the gap, its age bias, and whether the scan
// lies far from what the model was trained on. Read next: scans.h, experiments/prediction/inference.h.
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
  std::string source = {};  ///< of the scan
  double age = 0;           ///< years; NaN where it is unknown, as are the two gaps then
  double predicted = 0;     ///< years
  double gap = 0;           ///< predicted − age
  double corrected = 0;     ///< the gap without what age alone explains of it on the training part; never a headline
  MapStatistics map;        ///< in the map's unit
  std::vector<std::string> warnings;  ///< in what the scan lies far from the training part
};

/// A scan as the network sees it: [1, D, H, W, 1], float32 on the host. Errors (data): data that are all equal.
Tensor network_input(const Volume& volume, const std::string& source, const std::optional<Intensity>& intensity);

/// What speaks against trusting a prediction.
std::vector<std::string> warnings_of(const Scan& scan, const PredictedAge& prediction, const Prediction& model);

/// Predicts every scan. Errors: data or corrupt, naming all scans that cannot be used.
std::vector<PredictedAge> predict_ages(const Scans& scans, const TrainedModel& model, Inference& network,
                                       const ProgressOutput& output);

/// A line a scan: participant_id, age, predicted_age, gap, gap_bias_corrected, coverage, map_mean, map_sd,
/// source, warnings.
std::string prediction_table(std::span<const PredictedAge> rows);

}  // namespace cg
