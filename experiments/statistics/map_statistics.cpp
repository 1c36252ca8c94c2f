// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/map_statistics.h"

#include <algorithm>
#include <cmath>

namespace cg {

MapStatistics map_statistics(std::span<const float> map, std::span<const float> occupancy) {
  constexpr float brain = 0.5f;
  double voxels = 0, sum = 0, squares = 0, covered = 0, in_brain = 0, outside = 0;
  for (std::size_t k = 0; k < map.size(); ++k) {
    const bool inside = occupancy[k] >= brain;
    in_brain += inside;
    if (map[k] == 0) continue;
    ++voxels;
    sum += static_cast<double>(map[k]);
    covered += inside;
    outside += occupancy[k] == 0;
  }
  if (voxels == 0) return {};
  const double mean = sum / voxels;
  for (const float value : map)
    if (value != 0) squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  return {mean, std::sqrt(squares / voxels), in_brain > 0 ? covered / in_brain : 0, outside / voxels};
}

Spread spread_of(std::span<const double> values) {
  Spread out;
  const auto n = static_cast<double>(values.size());
  for (const double v : values) {
    out.mean += v / n;
    out.least = std::min(out.least, v);
    out.most = std::max(out.most, v);
  }
  for (const double v : values) out.sd += (v - out.mean) * (v - out.mean) / n;
  out.sd = std::sqrt(out.sd);
  return out;
}

}  // namespace cg
