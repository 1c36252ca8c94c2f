// SPDX-License-Identifier: Apache-2.0
#include "data/augment/flip.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/data/augment/sample_volume.h"

using namespace cg;
using namespace cg::test;

namespace {

const VoxelGrid grid{{4, 5, 3}, 2};  // even and odd extents

}  // namespace

TEST_CASE("Flip: a voxel moves to its mirror position along one axis, and two flips give the volume again") {
  const std::vector<float> before = numbered(grid);
  for (const FlipAxis axis : {FlipAxis::left_right, FlipAxis::back_front, FlipAxis::down_up}) {
    std::vector<float> volume = before;
    augment(Flip{.probability = 1, .axis = axis}, grid, {.seed = 1}, volume);
    each_voxel(grid, [&](Index x, Index y, Index z) {
      const std::size_t mirrored = axis == FlipAxis::left_right   ? grid.at(3 - x, y, z)
                                   : axis == FlipAxis::back_front ? grid.at(x, 4 - y, z)
                                                                  : grid.at(x, y, 2 - z);
      CHECK(volume[grid.at(x, y, z)] == before[mirrored]);
    });
    Flip::apply(axis, grid, volume);
    CHECK(volume == before);
  }
}

TEST_CASE("Flip: half of the volumes are mirrored by default, left to right") {
  CHECK(std::abs(share_changed(Flip{}, grid) - 0.5) < 0.045);  // four standard errors
  CHECK(Flip{}.axis == FlipAxis::left_right);
}
