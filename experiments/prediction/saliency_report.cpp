// SPDX-License-Identifier: Apache-2.0
#include "experiments/prediction/saliency_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "data/files/storage.h"
#include "data/formats/nifti.h"
#include "experiments/pages/volume_picture.h"
#include "experiments/program/csv.h"
#include "experiments/statistics/map_agreement.h"

namespace cg {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint64_t random_seed = 1;
constexpr float least_occupancy = 0.5f;  // share of the training maps with data in a voxel of the brain

std::vector<float> absolute(std::span<const float> values) {
  std::vector<float> out;
  for (const float v : values) out.push_back(std::abs(v));
  return out;
}

/// The rank correlation of |a| and |b| where the volume holds data.
double correlation_on_data(std::span<const float> volume, std::span<const float> a, std::span<const float> b) {
  std::vector<float> x, y;
  for (std::size_t k = 0; k < volume.size(); ++k)
    if (volume[k] != 0) {
      x.push_back(std::abs(a[k]));
      y.push_back(std::abs(b[k]));
    }
  return rank_correlation(x, y);
}

/// A row of the picture that shows values unchanged, on a scale from 0.
PictureRow row_of(const std::string& label, const std::string& unit, std::span<const float> values) {
  PictureRow row{.label = label, .values = {values.begin(), values.end()}, .unit = unit};
  row.most = scale_end(row.values);
  return row;
}

/// A row of the picture that shows a map with its signs over its scan.
PictureRow row_over(const SaliencyMap& map, std::span<const float> scan) {
  const std::string what = map.kind == "gradient" ? "change of the predicted age for a higher value of the voxel"
                                                  : "change of the predicted age without this region";
  PictureRow row{.label = map.kind + ": " + what, .values = map.values, .unit = map.unit};
  row.most = scale_end(absolute(map.values));
  row.under.assign(scan.begin(), scan.end());
  row.under_most = scale_end(scan);
  return row;
}

VolumePicture picture_of(const VoxelGrid& grid, const Affine& affine, const std::string& title, bool synthetic) {
  VolumePicture picture;
  picture.title = title;
  if (synthetic) picture.note = "SYNTHETIC PHANTOM: computed, not measured";
  picture.grid = grid;
  for (std::size_t axis = 0; axis < 3; ++axis) picture.reversed[axis] = affine.m[axis][axis] < 0;
  return picture;
}

std::string described(const SaliencyMap& map, bool synthetic) {
  return fmt::format("{}saliency of age, {}, {}", synthetic ? synthetic_mark + ", " : "", map.kind, map.unit);
}

/// 1 for the largest quarter of the values, and for values equal to the smallest of that quarter.
std::vector<std::uint8_t> strongest_quarter(std::span<const float> values) {
  std::vector<float> order(values.begin(), values.end());
  const std::size_t last = order.empty() ? 0 : (order.size() + 3) / 4 - 1;
  if (!order.empty())
    std::ranges::nth_element(order, order.begin() + static_cast<std::ptrdiff_t>(last), std::greater());
  std::vector<std::uint8_t> out;
  for (const float v : values) out.push_back(v >= order[last]);
  return out;
}

void add_absolute(std::vector<float>& sum, std::span<const float> values) {
  sum.resize(std::max(sum.size(), values.size()), 0.0f);
  for (std::size_t k = 0; k < values.size(); ++k) sum[k] += std::abs(values[k]);
}

std::string title_of(const ScanSaliency& scan) {
  std::string out = fmt::format("{}: predicted age {:.1f} years", scan.id, scan.predicted);
  if (std::isfinite(scan.age)) out += fmt::format(", true age {:.1f}", scan.age);
  if (scan.trained_on == TrainedOn::by_map || scan.trained_on == TrainedOn::by_id) out += " (trained on)";
  return out;
}

/// Adds a file name for an id to `names`: it stays in the folder and is unique.
const std::string& add_name(std::vector<std::string>& names, const std::string& id) {
  std::string name;
  for (const char c : id) name += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ? c : '_';
  if (name.empty() || name == "mean") name += "scan";
  const std::string first = name;
  for (int n = 2; std::ranges::find(names, name) != names.end(); ++n) name = fmt::format("{}-{}", first, n);
  return names.emplace_back(name);
}

VoxelGrid grid_of(const SpatialGrid& spatial) {
  const Vector3 edges = spatial.affine.edges();
  return {spatial.extents, std::cbrt(edges[0] * edges[1] * edges[2])};
}

}  // namespace

std::optional<KnownAgeing> known_ageing(const std::string& path, const Triple& grid) {
  const H5Reader file(path);
  const Shape shape = {grid[0], grid[1], grid[2]};
  for (const char* name : {"truth/labels", "truth/age_effect"})
    if (!file.has(name) || file.shape(name) != shape) return std::nullopt;
  KnownAgeing out;
  for (const double label : file.numbers("truth/labels")) out.labels.push_back(static_cast<std::uint8_t>(label));
  for (const double effect : file.numbers("truth/age_effect"))
    out.effect.push_back(static_cast<float>(std::abs(effect)));
  return out;
}

Agreement agreement(std::span<const float> map, const KnownAgeing& truth, std::span<const float> occupancy) {
  constexpr std::size_t labels = 256, first_region = 2;
  std::vector<float> here, effects;
  std::vector<double> map_sum(labels, 0.0), effect_sum(labels, 0.0), count(labels, 0.0);
  for (std::size_t k = 0; k < map.size(); ++k) {
    if (truth.labels[k] < first_region || occupancy[k] < least_occupancy) continue;
    here.push_back(map[k]);
    effects.push_back(truth.effect[k]);
    map_sum[truth.labels[k]] += static_cast<double>(map[k]);
    effect_sum[truth.labels[k]] += static_cast<double>(truth.effect[k]);
    ++count[truth.labels[k]];
  }
  std::vector<float> map_mean, effect_mean;
  for (std::size_t label = first_region; label < labels; ++label)
    if (count[label] > 0) {
      map_mean.push_back(static_cast<float>(map_sum[label] / count[label]));
      effect_mean.push_back(static_cast<float>(effect_sum[label] / count[label]));
    }
  const Detection found = detection(here, strongest_quarter(effects));
  return {.voxels = rank_correlation(here, effects),
          .regions = rank_correlation(map_mean, effect_mean),
          .auroc = found.auroc,
          .dice = found.dice,
          .share = found.share};
}

SaliencyRun::SaliencyRun(Backend& backend, const TrainedModel& model, SaliencyOptions options,
                         std::filesystem::path folder)
    : model_(model),
      options_(options),
      folder_(std::move(folder)),
      grid_(grid_of(model.prediction.preprocessing.grid)),
      trained_(backend, model),
      random_(backend, model),
      synthetic_(model.prediction.training.synthetic) {
  random_.randomise(random_seed);
  make_folder(folder_);
}

std::vector<SaliencyMap> SaliencyRun::maps_of(Inference& network, const Tensor& volume,
                                              const SaliencyStep& step) const {
  std::vector<SaliencyMap> out;
  const std::optional<Intensity>& by = model_.prediction.preprocessing.intensity;
  if (options_.gradient) {
    out.push_back({"gradient", by ? "years/" + model_.prediction.training.unit : "years/SD",
                   gradient_map(network, volume, options_.of_gradient, step)});
    if (by)
      for (float& v : out.back().values) v = static_cast<float>(static_cast<double>(v) / by->sd);
  }
  if (options_.occlusion)
    out.push_back({"occlusion", "years", occlusion_map(network, volume, grid_, options_.of_occlusion, step)});
  return out;
}

Index SaliencyRun::steps_of(bool checked) const {
  std::vector<float> brain = model_.prediction.training.occupancy;
  for (float& share : brain) share = share < least_occupancy ? 0 : share;
  const auto places = static_cast<Index>(occlusion_places(grid_, options_.of_occlusion, brain).size());
  const Index batch = options_.of_occlusion.batch;
  const Index steps =
      (options_.gradient ? options_.of_gradient.samples : 0) + (options_.occlusion ? (places + batch - 1) / batch : 0);
  return steps * (checked ? 2 : 1);
}

std::vector<std::string> SaliencyRun::outputs(const std::vector<std::string>& ids) const {
  std::vector<std::string> names = names_, files = {"saliency.csv", "agreement.csv"};
  for (const std::string& id : ids) add_name(names, id);
  names.push_back("mean");
  for (const std::string& name : names)
    for (const char* end : {".png", "_gradient.nii.gz", "_occlusion.nii.gz"}) files.push_back(name + end);
  for (std::string& file : files) file = (folder_ / file).string();
  return files;
}

ScanSaliency SaliencyRun::add(const Scans& scans, Index scan, Progress& progress) {
  const Preprocessing& p = model_.prediction.preprocessing;
  const Scan read = scans.read(scan);
  const Tensor volume = network_input(read.volume, read.source, p.intensity);
  const bool checked = checked_ < options_.checked;
  Index left = steps_of(checked);
  const SaliencyStep step = [&] {
    if (left > 0) progress.advance(1, read.source);
    left = std::max<Index>(left - 1, 0);
  };
  const PredictedAge age = predict_one(read, model_, trained_);
  ScanSaliency out{read.id, read.age, age.predicted, maps_of(trained_, volume, step), {}};
  out.trained_on = age.trained_on;
  out.synthetic = age.synthetic;
  out.warnings = age.warnings;
  synthetic_ = synthetic_ || read.synthetic;
  const std::vector<SaliencyMap> random = checked ? maps_of(random_, volume, step) : std::vector<SaliencyMap>();
  progress.advance(left, read.source);  // steps that a small brain does not need
  const std::string name = add_name(names_, read.id);
  const SpatialVolume original = scans.original(scan);
  VolumePicture picture = picture_of(grid_, p.grid.affine, title_of(out), !out.synthetic.empty());
  picture.at = centre_of(grid_, read.volume.values);
  picture.rows.push_back(row_of("scan", model_.prediction.training.unit, read.volume.values));
  sums_.resize(out.maps.size());
  for (std::size_t k = 0; k < out.maps.size(); ++k) {
    SaliencyMap& map = out.maps[k];
    if (checked) map.random = random[k].values;
    out.correlations.push_back(checked ? correlation_on_data(read.volume.values, map.values, map.random) : none);
    picture.rows.push_back(row_over(map, read.volume.values));
    const Triple n = {original.volume.shape[0], original.volume.shape[1], original.volume.shape[2]};
    const Resampled there =
        resample({{read.volume.shape, map.values}, p.grid.affine}, {n, original.affine}, Sampling::linear);
    write_nifti(folder_ / fmt::format("{}_{}.nii.gz", name, map.kind), {there.volume, original.affine},
                described(map, !out.synthetic.empty()));
    sums_[k].kind = map.kind;
    sums_[k].unit = map.unit;
    add_absolute(sums_[k].values, map.values);
    add_absolute(sums_[k].random, map.random);
    if (checked) add_absolute(sums_[k].beside, map.values);
  }
  write_atomically(folder_ / (name + ".png"), volume_png(picture));
  ++scans_;
  checked_ += checked;
  return out;
}

std::vector<SaliencyMap> SaliencyRun::mean() const {
  std::vector<SaliencyMap> out = sums_;
  for (SaliencyMap& map : out) {
    for (float& v : map.values) v /= static_cast<float>(scans_);
    for (float& v : map.random) v /= static_cast<float>(checked_);
    for (float& v : map.beside) v /= static_cast<float>(checked_);
  }
  return out;
}

void SaliencyRun::write_mean(const std::optional<KnownAgeing>& truth) const {
  const SpatialGrid& grid = model_.prediction.preprocessing.grid;
  VolumePicture picture =
      picture_of(grid_, grid.affine, fmt::format("mean of |map| over {} scans", scans_), synthetic_);
  const Shape shape = {grid.extents[0], grid.extents[1], grid.extents[2]};
  for (const SaliencyMap& map : mean()) {
    write_nifti(folder_ / fmt::format("mean_{}.nii.gz", map.kind), {{shape, map.values}, grid.affine},
                described(map, synthetic_));
    picture.rows.push_back(row_of("|" + map.kind + "|", map.unit, map.values));
  }
  if (truth) {
    std::vector<float> percent = truth->effect;
    for (float& v : percent) v *= 100;
    picture.rows.push_back(row_of("true ageing: change of the stiffness", "% per year", percent));
  }
  picture.at = centre_of(grid_, model_.prediction.training.occupancy);
  write_atomically(folder_ / "mean.png", volume_png(picture));
}

std::string saliency_table(const std::vector<ScanSaliency>& rows) {
  std::string out = "participant_id,age,predicted_age,trained_on,synthetic";
  if (!rows.empty())
    for (const SaliencyMap& map : rows[0].maps) out += "," + map.kind + "_random_correlation";
  out += ",warnings\n";
  for (const ScanSaliency& row : rows) {
    std::vector<std::string> cells = {csv_text(row.id), csv_number(row.age), csv_number(row.predicted),
                                      trained_on_names[static_cast<std::size_t>(row.trained_on)], row.synthetic};
    for (const double c : row.correlations) cells.push_back(csv_number(c));
    cells.push_back(warnings_cell(row.warnings));
    out += csv_line(cells);
  }
  return out;
}

}  // namespace cg
