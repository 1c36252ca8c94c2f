// SPDX-License-Identifier: Apache-2.0
// Rotation about the middle of the volume: one angle per axis, drawn evenly from ±degrees, applied about X, then Y,
// then Z. A voxel's new value is interpolated trilinearly at the point that the rotation moves to the voxel; outside of
// the volume everything is 0. The paper does not give the angles, and the published code has no rotation.
#pragma once

#include <array>

#include "data/augment/augmentation.h"

namespace cg {

struct Rotation {
  static constexpr const char* name = "rotation";
  static constexpr Use use = Use::rotation;
  double probability = 1;
  double degrees = 10;

  using Draw = std::array<double, 3>;  ///< degrees about X, Y and Z, counter-clockwise seen from the end of the axis
  Draw draw(const VoxelGrid&, Random& random) const {
    Draw angles;
    for (double& angle : angles) angle = degrees * (2 * random.uniform() - 1);
    return angles;
  }

  static void apply(const Draw& angles, const VoxelGrid& grid, std::span<float> volume);

  static Fields<Rotation> fields() {
    return {probability_field<Rotation>(),
            field("degrees", &Rotation::degrees, between(0, 180), "The largest angle about each axis.")};
  }
};
static_assert(Augmentation<Rotation>);

}  // namespace cg
