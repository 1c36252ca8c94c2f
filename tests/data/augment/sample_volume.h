// SPDX-License-Identifier: Apache-2.0
// Volumes for the tests of augmentations: all voxels have different values, and no voxel is 0.
#pragma once

#include <vector>

#include "data/augment/augmentation.h"

namespace cg::test {

inline std::vector<float> numbered(const VoxelGrid& grid) {
  std::vector<float> volume(static_cast<std::size_t>(grid.voxels()));
  for (std::size_t k = 0; k < volume.size(); ++k) volume[k] = static_cast<float>(k + 1);
  return volume;
}

/// Calls body(x, y, z) for every voxel.
template <class Body>
void each_voxel(const VoxelGrid& grid, const Body& body) {
  for (Index x = 0; x < grid.extents[0]; ++x)
    for (Index y = 0; y < grid.extents[1]; ++y)
      for (Index z = 0; z < grid.extents[2]; ++z) body(x, y, z);
}

/// The share of 2000 keys whose volume the augmentation changes; its standard error is at most 0.011.
template <Augmentation A>
double share_changed(const A& augmentation, const VoxelGrid& grid) {
  const std::vector<float> before = numbered(grid);
  int changed = 0;
  for (std::uint32_t sample = 0; sample < 2000; ++sample) {
    std::vector<float> volume = before;
    augment(augmentation, grid, {.seed = 1, .sample = sample}, volume);
    changed += volume != before;
  }
  return changed / 2000.0;
}

}  // namespace cg::test
