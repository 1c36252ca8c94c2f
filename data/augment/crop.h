// SPDX-License-Identifier: Apache-2.0
// Crop: keeps a cube at a random position and moves it to the middle of a volume of zeros. So does the published code
// (91³ voxels of 2 mm): a volume of 91 × 109 × 91 loses up to 18 planes at the front or the back, and the rest is
// shifted by up to 9 planes.
#pragma once

#include <vector>

#include "data/augment/augmentation.h"

namespace cg {

struct Crop {
  static constexpr const char* name = "crop";
  static constexpr Use use = Use::crop;
  double probability = 1;
  double edge_mm = 182;  ///< 91 voxels at 2 mm

  using Draw = Box;
  Draw draw(const VoxelGrid& grid, Random& random) const { return draw_box(grid, grid.cube(edge_mm), random); }

  static void apply(const Draw& box, const VoxelGrid& grid, std::span<float> volume) {
    const std::vector<float> before(volume.begin(), volume.end());
    std::fill(volume.begin(), volume.end(), 0.0f);
    Triple to;  // the new position of the corner
    for (std::size_t a = 0; a < 3; ++a) to[a] = (grid.extents[a] - box.size[a]) / 2;
    for (Index x = 0; x < box.size[0]; ++x)
      for (Index y = 0; y < box.size[1]; ++y) {
        const std::size_t from = grid.at(box.corner[0] + x, box.corner[1] + y, box.corner[2]);
        std::copy_n(&before[from], box.size[2], &volume[grid.at(to[0] + x, to[1] + y, to[2])]);
      }
  }

  static Fields<Crop> fields() {
    return {probability_field<Crop>(),
            field("edge_mm", &Crop::edge_mm, above(0), "Edge of the cube that is kept, in mm.")};
  }
};
static_assert(Augmentation<Crop>);

}  // namespace cg
