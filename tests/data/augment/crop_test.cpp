// SPDX-License-Identifier: Apache-2.0
#include "data/augment/crop.h"

#include <doctest/doctest.h>

#include "tests/data/augment/sample_volume.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("Crop: the content of the cube moves to the middle; the rest is 0") {
  const VoxelGrid grid{{7, 12, 9}, 2};
  const Crop crop{.edge_mm = 12};  // 6 voxels
  const std::vector<float> before = numbered(grid);
  Random random({.seed = 2});
  for (int repetition = 0; repetition < 20; ++repetition) {
    const Box box = crop.draw(grid, random);
    CHECK(box.size == Triple{6, 6, 6});
    std::vector<float> volume = before;
    Crop::apply(box, grid, volume);
    each_voxel(grid, [&](Index x, Index y, Index z) {
      const Triple inside = {x - 0, y - 3, z - 1};  // (7 − 6)/2, (12 − 6)/2, (9 − 6)/2, rounded down
      bool kept = true;
      for (const Index i : inside) kept = kept && i >= 0 && i < 6;
      const float expected =
          kept ? before[grid.at(box.corner[0] + inside[0], box.corner[1] + inside[1], box.corner[2] + inside[2])] : 0;
      CHECK(volume[grid.at(x, y, z)] == expected);
    });
  }
}

TEST_CASE("Crop: 182 mm crop only the long axis of a template, at 19 positions, and all of them occur") {
  const VoxelGrid grid{{91, 109, 91}, 2};
  Random random({.seed = 2});
  std::vector<int> hits(19);
  for (int k = 0; k < 1000; ++k) {
    const Box box = Crop{}.draw(grid, random);
    CHECK(box.size == Triple{91, 91, 91});
    CHECK(box.corner[0] == 0);
    CHECK(box.corner[2] == 0);
    ++hits.at(static_cast<std::size_t>(box.corner[1]));
  }
  for (const int count : hits) CHECK(count > 0);
  CHECK(Crop{}.draw({{46, 55, 46}, 4}, random).size == Triple{46, 46, 46});
}

TEST_CASE("Crop: a cube as large as the volume changes nothing") {
  const VoxelGrid grid{{4, 5, 6}, 2};
  CHECK(share_changed(Crop{.edge_mm = 12}, grid) == 0);
  CHECK(share_changed(Crop{.edge_mm = 4}, grid) == 1);
}
