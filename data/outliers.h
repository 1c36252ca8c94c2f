// SPDX-License-Identifier: Apache-2.0
// Maps that do not belong to their cohort: in another unit, of another extent, in another place, or one scan under two
// ids. Each map is compared with the median of the whole cohort, not with that of its study: site effects are far below
// the limits here, and a study that is in pascal as a whole would be usual within itself. Read next:
// space/voxel_grid.h.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "data/space/voxel_grid.h"

namespace cg {

/// What of a map is compared. All of it comes from one reading of the map.
struct MapTraits {
  double mean = 0;                    ///< of the voxels that hold data (are not 0), without their signs
  double millilitres = 0;             ///< of these voxels together
  std::array<double, 3> centre = {};  ///< of these voxels, in mm from the grid's first voxel
};

/// The traits of a map [X, Y, Z]. A map without data: all 0.
MapTraits map_traits(std::span<const float> map, const VoxelGrid& grid);

/// Which spread is usual is known from this many maps on.
constexpr Index fewest_compared = 6;

enum class Difference { equal, intensity, extent, place };

/// A difference between a map and its cohort.
struct Outlier {
  Index map = 0;
  Difference difference = Difference::equal;
  bool grave = false;  ///< surely a mistake: a map equal to another, or an intensity that is off by a factor of 10
  double size = 0;     ///< in multiples of the limit
  std::string text;    ///< "mean 2619 kPa, usually 2.52 kPa: pascal among kilopascals?"
};

/// The maps of a cohort.
struct ComparedMaps {
  std::span<const std::string> ids;      ///< [n]
  std::span<const std::string> digests;  ///< [n]: equal for equal maps only
  std::span<const MapTraits> traits;     ///< [n]
  double voxel_mm = 1;
  std::string unit;  ///< intensities are compared in kPa alone: in the arbitrary units of other images, scanners differ
};

/// All differences: grave ones first, then the largest. Of fewer than `fewest_compared` maps only grave ones.
std::vector<Outlier> find_outliers(const ComparedMaps& maps);

/// One line per kind of difference. It names at most three maps and counts the others.
std::vector<std::string> outlier_lines(std::span<const Outlier> outliers, std::span<const std::string> ids);

/// The grave differences and the others.
struct SortedOutliers {
  std::vector<Outlier> grave, mild;
};
SortedOutliers by_gravity(std::vector<Outlier> outliers);

}  // namespace cg
