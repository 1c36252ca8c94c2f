// SPDX-License-Identifier: Apache-2.0
// Cutout: fills a cube at a random position with 0, the value of the background (DeVries & Taylor, arXiv:1708.04552).
// The published code cuts 32³ voxels of 2 mm in half of the volumes; the whole cube is inside the volume.
#pragma once

#include "data/augment/augmentation.h"

namespace cg {

struct Cutout {
  static constexpr const char* name = "cutout";
  static constexpr Use use = Use::cutout;
  double probability = 0.5;
  double edge_mm = 64;  ///< 32 voxels at 2 mm

  using Draw = Box;
  Draw draw(const VoxelGrid& grid, Random& random) const { return draw_box(grid, grid.cube(edge_mm), random); }

  static void apply(const Draw& box, const VoxelGrid& grid, std::span<float> volume) {
    for (Index x = box.corner[0]; x < box.corner[0] + box.size[0]; ++x)
      for (Index y = box.corner[1]; y < box.corner[1] + box.size[1]; ++y)
        std::fill_n(volume.begin() + static_cast<std::ptrdiff_t>(grid.at(x, y, box.corner[2])), box.size[2], 0.0f);
  }

  static Fields<Cutout> fields() {
    return {probability_field<Cutout>(),
            field("edge_mm", &Cutout::edge_mm, above(0), "Edge of the cube that is filled with 0, in mm.")};
  }
};
static_assert(Augmentation<Cutout>);

}  // namespace cg
