// SPDX-License-Identifier: Apache-2.0
#include "data/outliers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>

namespace cg {
namespace {

// Phantoms of the five studies stay within factors of 1.5 (intensity) and 1.2 (extent), and within 10 mm.
constexpr double grave_factor = 10;     // of intensity
constexpr double intensity_factor = 2;  // the smallest that is reported
constexpr double extent_factor = 1.5;   // the smallest that is reported
constexpr double place_mm = 20;         // the smallest that is reported
constexpr double place_voxels = 2;      // the same on coarse grids
constexpr double most_sds = 5;          // what is usual, in standard deviations of the cohort
constexpr std::size_t most_named = 3;   // maps in a line

double median(std::vector<double> values) {
  const std::size_t n = values.size();
  std::ranges::sort(values);
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

/// The standard deviation of a normal distribution with these distances to its median: it ignores outliers.
double robust_sd(std::vector<double> distances) { return 1.4826 * median(std::move(distances)); }

std::string number(double value) { return value < 1000 ? fmt::format("{:.3g}", value) : fmt::format("{:.0f}", value); }

class Comparison {
 public:
  explicit Comparison(const ComparedMaps& maps) : maps_(maps) {
    for (std::size_t k = 0; k < maps.traits.size(); ++k)
      if (maps.traits[k].mean > 0 && std::isfinite(maps.traits[k].mean)) used_.push_back(k);
  }

  std::vector<Outlier> run() {
    equal_maps();
    if (!used_.empty()) {
      if (maps_.unit == "kPa") intensities();
      extents();
      places();
    }
    std::ranges::stable_sort(
        out_, [](const Outlier& a, const Outlier& b) { return a.grave != b.grave ? a.grave : a.size > b.size; });
    return std::move(out_);
  }

 private:
  bool knows_spread() const { return static_cast<Index>(used_.size()) >= fewest_compared; }

  void add(std::size_t map, Difference difference, bool grave, double size, std::string text) {
    out_.push_back({static_cast<Index>(map), difference, grave, size, std::move(text)});
  }

  void equal_maps() {
    std::map<std::string, std::size_t> first;
    for (std::size_t k = 0; k < maps_.digests.size(); ++k)
      if (const auto [at, fresh] = first.emplace(maps_.digests[k], k); !fresh)
        add(k, Difference::equal, true, std::numeric_limits<double>::infinity(),
            fmt::format("every voxel is that of {}: one scan under two ids?", maps_.ids[at->second]));
  }

  /// ln(value/median) per used map, by the median of the logarithms: between two groups, both are as far from it.
  std::vector<double> log_ratios(double MapTraits::*trait, double& usual) const {
    std::vector<double> logs;
    for (const std::size_t k : used_) logs.push_back(std::log(maps_.traits[k].*trait));
    const double middle = median(logs);
    usual = std::exp(middle);
    for (double& x : logs) x -= middle;
    return logs;
  }

  static std::vector<double> magnitudes(std::vector<double> values) {
    for (double& x : values) x = std::abs(x);
    return values;
  }

  void intensities() {
    double usual = 0;
    const std::vector<double> logs = log_ratios(&MapTraits::mean, usual);
    const double limit = std::max(std::log(intensity_factor), most_sds * robust_sd(magnitudes(logs)));
    for (std::size_t j = 0; j < used_.size(); ++j) {
      const double distance = std::abs(logs[j]);
      const bool grave = distance >= std::log(grave_factor);
      if (!grave && !(knows_spread() && distance > limit)) continue;
      add(used_[j], Difference::intensity, grave, distance / std::log(intensity_factor),
          fmt::format("mean {} kPa, usually {} kPa{}", number(maps_.traits[used_[j]].mean), number(usual),
                      cause(logs[j])));
    }
  }

  /// A mistake of units: a factor of 1000, give or take a factor of 3.
  static std::string cause(double log_ratio) {
    if (std::abs(std::abs(log_ratio) - std::log(1000)) > std::log(3)) return "";
    return log_ratio > 0 ? ": pascal among kilopascals?" : ": kilopascals among pascals?";
  }

  void extents() {
    double usual = 0;
    const std::vector<double> logs = log_ratios(&MapTraits::millilitres, usual);
    const double limit = std::max(std::log(extent_factor), most_sds * robust_sd(magnitudes(logs)));
    for (std::size_t j = 0; j < used_.size() && knows_spread(); ++j)
      if (std::abs(logs[j]) > limit)
        add(used_[j], Difference::extent, false, std::abs(logs[j]) / std::log(extent_factor),
            fmt::format("data in {:.0f} ml, usually {:.0f} ml", maps_.traits[used_[j]].millilitres, usual));
  }

  void places() {
    std::array<double, 3> usual{};
    for (std::size_t a = 0; a < 3; ++a) {
      std::vector<double> all;
      for (const std::size_t k : used_) all.push_back(maps_.traits[k].centre[a]);
      usual[a] = median(std::move(all));
    }
    std::vector<double> distances;
    for (const std::size_t k : used_) {
      const std::array<double, 3>& c = maps_.traits[k].centre;
      distances.push_back(std::hypot(c[0] - usual[0], c[1] - usual[1], c[2] - usual[2]));
    }
    const double least = std::max(place_mm, place_voxels * maps_.voxel_mm),
                 limit = std::max(least, most_sds * robust_sd(distances));
    for (std::size_t j = 0; j < used_.size() && knows_spread(); ++j)
      if (distances[j] > limit)
        add(used_[j], Difference::place, false, distances[j] / least,
            fmt::format("its centre is {:.0f} mm from the usual place, where half of the maps are within {:.0f} mm",
                        distances[j], median(distances)));
  }

  const ComparedMaps& maps_;
  std::vector<std::size_t> used_;  ///< maps that hold data, and only finite values
  std::vector<Outlier> out_;
};

/// "has the voxels of another", for one map or several.
std::string summary(Difference difference, std::size_t n) {
  const auto line = [n](const char* one, const char* several) {
    return n == 1 ? fmt::format("1 map {}", one) : fmt::format("{} maps {}", n, several);
  };
  switch (difference) {
    case Difference::equal:
      return line("is equal to another", "are equal to another");
    case Difference::intensity:
      return line("differs from the cohort in intensity", "differ from the cohort in intensity");
    case Difference::extent:
      return line("differs from the cohort in the extent of its data",
                  "differ from the cohort in the extent of their data");
    case Difference::place:
      return line("is in another place than the cohort", "are in another place than the cohort");
  }
  return "";
}

}  // namespace

MapTraits map_traits(std::span<const float> map, const VoxelGrid& grid) {
  MapTraits out;
  double voxels = 0, sum = 0;
  std::array<double, 3> places{};
  for (Index x = 0; x < grid.extents[0]; ++x)
    for (Index y = 0; y < grid.extents[1]; ++y) {
      const float* row = map.data() + grid.at(x, y, 0);
      const auto n = static_cast<std::int32_t>(grid.extents[2]);
      std::int32_t held = 0, heights = 0;
      double row_sum = 0;
#pragma omp simd reduction(+ : held, heights, row_sum)
      for (std::int32_t z = 0; z < n; ++z) {
        held += row[z] != 0;
        heights += row[z] != 0 ? z : 0;
        row_sum += static_cast<double>(std::abs(row[z]));
      }
      voxels += static_cast<double>(held);
      sum += row_sum;
      places[0] += static_cast<double>(held) * static_cast<double>(x);
      places[1] += static_cast<double>(held) * static_cast<double>(y);
      places[2] += static_cast<double>(heights);
    }
  if (voxels == 0) return out;
  out.mean = sum / voxels;
  out.millilitres = voxels * std::pow(grid.voxel_mm / 10, 3);
  for (std::size_t a = 0; a < 3; ++a) out.centre[a] = grid.voxel_mm * places[a] / voxels;
  return out;
}

std::vector<Outlier> find_outliers(const ComparedMaps& maps) { return Comparison(maps).run(); }

std::vector<std::string> outlier_lines(std::span<const Outlier> outliers, std::span<const std::string> ids) {
  std::vector<std::string> out;
  for (const Difference kind : {Difference::equal, Difference::intensity, Difference::extent, Difference::place}) {
    std::string named;
    std::size_t n = 0;
    for (const Outlier& o : outliers)
      if (o.difference == kind && ++n <= most_named)
        named += fmt::format("{}{} ({})", n > 1 ? ", " : "", ids[static_cast<std::size_t>(o.map)], o.text);
    if (n > most_named) named += fmt::format(" and {} more", n - most_named);
    if (n > 0) out.push_back(summary(kind, n) + ": " + named);
  }
  return out;
}

SortedOutliers by_gravity(std::vector<Outlier> outliers) {
  SortedOutliers out;
  for (Outlier& o : outliers) (o.grave ? out.grave : out.mild).push_back(std::move(o));
  return out;
}

}  // namespace cg
