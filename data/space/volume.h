// A volume, and where it lies in space. Read next: affine.h.
#pragma once

#include <vector>

#include "data/space/affine.h"
#include "tensor/tensor.h"

namespace cg {

/// One map, row-major.
struct Volume {
  Shape shape;  ///< [X, Y, Z], which the engine calls D, H, W
  std::vector<float> values;
};

/// A volume and where it lies.
struct SpatialVolume {
  Volume volume;
  Affine affine;
};

/// A grid of voxels in space.
struct SpatialGrid {
  Triple extents;  ///< [X, Y, Z]
  Affine affine;
};

}  // namespace cg
