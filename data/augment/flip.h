// SPDX-License-Identifier: Apache-2.0
// Flip: mirrors the volume along one axis. The paper does not name the axis, and the published code has no flip. The
// default is left-right, the only direction in which a brain is nearly symmetric.
#pragma once

#include "data/augment/augmentation.h"

namespace cg {

/// The axes of a volume [X, Y, Z] in the orientation of a template: X left-right, Y back-front, Z down-up.
enum class FlipAxis : std::size_t { left_right, back_front, down_up };

struct Flip {
  static constexpr const char* name = "flip";
  static constexpr Use use = Use::flip;
  double probability = 0.5;
  FlipAxis axis = FlipAxis::left_right;

  using Draw = FlipAxis;
  Draw draw(const VoxelGrid&, Random&) const { return axis; }

  static void apply(Draw axis, const VoxelGrid& grid, std::span<float> volume) {
    const Triple& n = grid.extents;
    Triple end = n;
    end[static_cast<std::size_t>(axis)] /= 2;  // each pair of voxels is exchanged once
    for (Index x = 0; x < end[0]; ++x)
      for (Index y = 0; y < end[1]; ++y)
        for (Index z = 0; z < end[2]; ++z) {
          Triple other = {x, y, z};
          Index& mirrored = other[static_cast<std::size_t>(axis)];
          mirrored = n[static_cast<std::size_t>(axis)] - 1 - mirrored;
          std::swap(volume[grid.at(x, y, z)], volume[grid.at(other[0], other[1], other[2])]);
        }
  }

  static Fields<Flip> fields() {
    return {probability_field<Flip>(), field("axis", &Flip::axis, {"left-right", "back-front", "down-up"},
                                             "The axis along which the volume is mirrored.")};
  }
};
static_assert(Augmentation<Flip>);

}  // namespace cg
