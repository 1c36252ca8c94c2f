// SPDX-License-Identifier: Apache-2.0
// How far two maps of the same voxels agree: explanations of two networks, or an explanation and the truth of a
// synthetic cohort.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/index.h"

namespace cg {

/// Spearman's correlation of a and b, equal values sharing their mean rank; NaN where one of them is constant.
double rank_correlation(std::span<const float> a, std::span<const float> b);

struct Detection {
  double auroc = 0;  ///< probability that a voxel of the region outranks one outside; 0.5 by chance
  double dice = 0;   ///< of the region and as many of the map's highest voxels; `share` by chance
  double share = 0;  ///< of all voxels, that are the region's
};

/// How well a map's high values find a region (not 0 in `region`); NaN where the region is nothing or all.
Detection detection(std::span<const float> map, std::span<const std::uint8_t> region);

}  // namespace cg
