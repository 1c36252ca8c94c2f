// SPDX-License-Identifier: Apache-2.0
// The grid of a volume's voxels.
#pragma once

#include <algorithm>
#include <cmath>

#include "tensor/ops/volume.h"

namespace cg {

/// The voxels of a volume: [X, Y, Z], row-major, with an edge in mm.
struct VoxelGrid {
  Triple extents;
  double voxel_mm;

  Index voxels() const { return extents[0] * extents[1] * extents[2]; }
  std::size_t at(Index x, Index y, Index z) const {
    return static_cast<std::size_t>((x * extents[1] + y) * extents[2] + z);
  }
  /// A cube with this edge, in voxels: rounded, at least one voxel and at most the whole volume along each axis.
  Triple cube(double edge_mm) const {
    Triple size;
    for (std::size_t a = 0; a < 3; ++a)
      size[a] = static_cast<Index>(std::clamp(std::round(edge_mm / voxel_mm), 1.0, static_cast<double>(extents[a])));
    return size;
  }
};

}  // namespace cg
