// SPDX-License-Identifier: Apache-2.0
// A volume, and its position in space. Read next: affine.h.
#pragma once

#include <vector>

#include "data/space/affine.h"
#include "tensor/tensor.h"

namespace cg {

/// One map, row-major (the last axis is the fastest).
struct Volume {
  Shape shape;  ///< [X, Y, Z], which the engine calls D, H, W
  std::vector<float> values;
};

/// A volume and its position.
struct SpatialVolume {
  Volume volume;
  Affine affine;
};

/// A grid of voxels and its position.
struct SpatialGrid {
  Triple extents;  ///< [X, Y, Z]
  Affine affine;
};

}  // namespace cg
