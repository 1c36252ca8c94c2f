// SPDX-License-Identifier: Apache-2.0
// What of a map is compared with the maps that a model was trained on, to say that it lies far from them: how bright it
// is, how much of the brain it covers, how much of it lies elsewhere.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "tensor/index.h"

namespace cg {

struct MapStatistics {
  double mean = 0, sd = 0;  ///< of the voxels that hold data (are not 0)
  double coverage = 0;      ///< share of the brain that holds data; the brain: where half of the training maps do
  double outside = 0;       ///< share of the data that lie where no training map has any
};

/// Map and occupancy [X, Y, Z]. `occupancy`: at each voxel the share of training maps that hold data there. A map
/// without data: all 0.
MapStatistics map_statistics(std::span<const float> map, std::span<const float> occupancy);

/// A quantity over the training maps.
struct Spread {
  double mean = 0, sd = 0;
  double least = std::numeric_limits<double>::infinity(), most = -std::numeric_limits<double>::infinity();
};
Spread spread_of(std::span<const double> values);

}  // namespace cg
