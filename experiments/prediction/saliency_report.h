// SPDX-License-Identifier: Apache-2.0
// Writes the maps of saliency.h to files and tests them: volumes in the scans' space, pictures, a comparison with
// random weights, and for a synthetic cohort the agreement with the voxels that truly age. Read next: saliency.h.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "experiments/prediction/predict.h"
#include "experiments/prediction/saliency.h"
#include "experiments/prediction/scans.h"
#include "experiments/program/progress.h"

namespace cg {

struct SaliencyOptions {
  bool gradient = true, occlusion = true;
  GradientOptions of_gradient;
  OcclusionOptions of_occlusion;
  Index checked = 3;  ///< number of scans that also get maps for random weights
};

/// One kind of map of one scan, or the mean of |map| over scans; on the model's grid.
struct SaliencyMap {
  std::string kind;  ///< "gradient" or "occlusion"
  std::string unit;  ///< "years/kPa", "years"
  std::vector<float> values;
  std::vector<float> random = {};  ///< of the network with random weights; empty: not computed
  std::vector<float> beside = {};  ///< for a mean: `values` over the same scans as `random`
};

struct ScanSaliency {
  std::string id;
  double age = 0, predicted = 0;  ///< years; the age may be NaN
  std::vector<SaliencyMap> maps;
  std::vector<double> correlations;  ///< per map: rank correlation of |values| and |random| on the data, or NaN
  TrainedOn trained_on = TrainedOn::no;
  std::string synthetic = {};              ///< see synthetic_word
  std::vector<std::string> warnings = {};  ///< as those of a prediction
};

/// The true ageing in the file of a synthetic cohort (data/phantom/phantom.h), both [X, Y, Z].
struct KnownAgeing {
  std::vector<std::uint8_t> labels;  ///< 0 outside, 1 fluid, 2 … the regions
  std::vector<float> effect;         ///< |change of the logarithm per year|
};

/// Reads the true ageing from a cohort file on this grid. No value if the file does not have it.
std::optional<KnownAgeing> known_ageing(const std::string& path, const Triple& grid);

/// How well a mean map finds the tissue that truly ages, where the training maps have data. Fluid is excluded:
/// ventricles and sulci change in size, which the true effects do not contain. `map`, `occupancy`: [X, Y, Z].
struct Agreement {
  double voxels = 0;                      ///< rank correlation with the age effect, over voxels
  double regions = 0;                     ///< the same over the means of the regions
  double auroc = 0, dice = 0, share = 0;  ///< detection of the quarter of the voxels that ages most
};
Agreement agreement(std::span<const float> map, const KnownAgeing& truth, std::span<const float> occupancy);

/// Computes the maps of scans, writes their files, and sums them.
class SaliencyRun {
 public:
  /// Errors: memory; storage, if the folder cannot be created.
  SaliencyRun(Backend& backend, const TrainedModel& model, SaliencyOptions options, std::filesystem::path folder);

  /// The files that `add`, write_mean and the program write for scans with these ids, in this order.
  std::vector<std::string> outputs(const std::vector<std::string>& ids) const;

  /// Writes <id>_gradient.nii.gz and <id>_occlusion.nii.gz in the scan's space, and <id>.png. Errors: those of reading
  /// the scan; numbers, as of Inference::age; storage.
  ScanSaliency add(const Scans& scans, Index scan, Progress& progress);

  /// The number of progress steps of a scan whose brain is where the training maps have data.
  Index steps_of(bool checked) const;
  Index scans() const { return scans_; }
  Index checked() const { return checked_; }
  bool synthetic() const { return synthetic_; }  ///< the model was trained on a phantom, or a scan so far is one
  /// The mean of |map| over the scans so far; `random` and `beside` over those with maps for random weights.
  std::vector<SaliencyMap> mean() const;
  /// Writes mean_….nii.gz on the model's grid, and mean.png, which also shows `truth`.
  void write_mean(const std::optional<KnownAgeing>& truth) const;

 private:
  std::vector<SaliencyMap> maps_of(Inference& network, const Tensor& volume, const SaliencyStep& step) const;
  const TrainedModel& model_;
  SaliencyOptions options_;
  std::filesystem::path folder_;
  VoxelGrid grid_;
  Inference trained_, random_;
  std::vector<SaliencyMap> sums_;
  std::vector<std::string> names_;  // of the files so far
  Index scans_ = 0, checked_ = 0;
  bool synthetic_ = false;  // the model, or a scan so far
};

/// CSV, one line per scan: participant_id, age, predicted_age, trained_on, synthetic, one column per map with its
/// correlation, warnings.
std::string saliency_table(const std::vector<ScanSaliency>& rows);

}  // namespace cg
