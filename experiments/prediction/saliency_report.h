// What the maps of saliency.h are worth, and the files that hold them: volumes in the scans' own space, pictures, a
// check against random weights, and on a synthetic cohort the agreement with the voxels that truly age. Read next:
// saliency.h.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "experiments/prediction/saliency.h"
#include "experiments/prediction/scans.h"
#include "experiments/program/progress.h"

namespace cg {

struct SaliencyOptions {
  bool gradient = true, occlusion = true;
  GradientOptions of_gradient;
  OcclusionOptions of_occlusion;
  Index checked = 3;  ///< scans whose maps are made for random weights too
};

/// A kind of map of one scan, or the mean of |map| over scans; on the model's grid.
struct SaliencyMap {
  std::string kind;  ///< "gradient" or "occlusion"
  std::string unit;  ///< "years/kPa", "years"
  std::vector<float> values;
  std::vector<float> random = {};  ///< of the network with random weights; empty: not made
  std::vector<float> beside = {};  ///< of a mean: `values` over the scans that `random` is of, to be compared with it
};

struct ScanSaliency {
  std::string id;
  double age = 0, predicted = 0;  ///< years; the age may be NaN
  std::vector<SaliencyMap> maps;
  std::vector<double> correlations;  ///< of each map: rank correlation of |values| and |random| on the data, or NaN
};

/// What a synthetic cohort's file says of itself (data/phantom/phantom.h).
struct KnownAgeing {
  std::vector<std::uint8_t> labels;  ///< 0 outside, 1 fluid, 2 … the regions
  std::vector<float> effect;         ///< |change of the logarithm a year|
};

/// Of a cohort file on this grid; none where it says nothing.
std::optional<KnownAgeing> known_ageing(const std::string& path, const Triple& grid);

/// How far a mean map finds what truly ages, over the tissue that the training maps cover. Fluid is left out:
/// ventricles and sulci age in size, of which the effects say nothing.
struct Agreement {
  double voxels = 0;                      ///< rank correlation with the age effect, over voxels
  double regions = 0;                     ///< the same over the regions' means
  double auroc = 0, dice = 0, share = 0;  ///< Detection of the quarter of the voxels that ages most
};
Agreement agreement(std::span<const float> map, const KnownAgeing& truth, std::span<const float> occupancy);

/// Makes the maps of scans, writes their files as it goes, and adds them up.
class SaliencyRun {
 public:
  /// Errors: memory; storage, if the folder cannot be made.
  SaliencyRun(Backend& backend, const TrainedModel& model, SaliencyOptions options, std::filesystem::path folder);

  /// Writes <id>_gradient.nii.gz and <id>_occlusion.nii.gz in the scan's own space and <id>.png. Errors: those of the
  /// scan; storage.
  ScanSaliency add(const Scans& scans, Index scan, Progress& progress);

  /// Steps of progress that a scan takes, if its brain lies where the training maps' do.
  Index steps_of(bool checked) const;
  Index scans() const { return scans_; }
  Index checked() const { return checked_; }
  /// The mean of |map| over the scans so far; `random` and `beside` over those that were checked.
  std::vector<SaliencyMap> mean() const;
  /// Writes mean_….nii.gz on the model's grid and mean.png, which shows `truth` too.
  void write_mean(const std::optional<KnownAgeing>& truth) const;

 private:
  std::vector<SaliencyMap> maps_of(Inference& network, const Tensor& volume, const SaliencyStep& step) const;
  std::string name_for(const std::string& id);

  const TrainedModel& model_;
  SaliencyOptions options_;
  std::filesystem::path folder_;
  VoxelGrid grid_;
  Inference trained_, random_;
  std::vector<SaliencyMap> sums_;
  std::vector<std::string> names_;  // of files so far
  Index scans_ = 0, checked_ = 0;
  bool synthetic_ = false;  // a scan so far says that it was computed
};

/// A line a scan: participant_id, age, predicted_age, and a column a map with its correlation.
std::string saliency_table(const std::vector<ScanSaliency>& rows);

}  // namespace cg
