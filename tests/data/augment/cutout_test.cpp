// SPDX-License-Identifier: Apache-2.0
#include "data/augment/cutout.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "tests/data/augment/sample_volume.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("Cutout: exactly one cube of the correct size becomes 0, and nothing else changes") {
  const VoxelGrid grid{{11, 14, 9}, 4};
  const Cutout cutout{.probability = 1, .edge_mm = 20};
  const std::vector<float> before = numbered(grid);
  for (std::uint32_t sample = 0; sample < 50; ++sample) {
    std::vector<float> volume = before;
    augment(cutout, grid, {.seed = 3, .sample = sample}, volume);
    Triple first = grid.extents, last = {-1, -1, -1};
    Index zeros = 0;
    each_voxel(grid, [&](Index x, Index y, Index z) {
      const std::size_t k = grid.at(x, y, z);
      if (volume[k] != 0) {
        CHECK(volume[k] == before[k]);
        return;
      }
      ++zeros;
      const Triple at = {x, y, z};
      for (std::size_t a = 0; a < 3; ++a) {
        first[a] = std::min(first[a], at[a]);
        last[a] = std::max(last[a], at[a]);
      }
    });
    CHECK(zeros == 125);
    for (std::size_t a = 0; a < 3; ++a) CHECK(last[a] - first[a] == 4);  // 125 zeros within 5³ voxels fill them
  }
}

TEST_CASE("Cutout: 64 mm are 32 voxels of 2 mm, 16 of 4 mm, and no more than the volume has") {
  const Cutout cutout;
  Random random({.seed = 1});
  CHECK(cutout.draw({{91, 109, 91}, 2}, random).size == Triple{32, 32, 32});
  CHECK(cutout.draw({{46, 55, 46}, 4}, random).size == Triple{16, 16, 16});
  CHECK(cutout.draw({{10, 55, 46}, 4}, random).size == Triple{10, 16, 16});
  CHECK(cutout.draw({{46, 55, 46}, 1000}, random).size == Triple{1, 1, 1});
}

TEST_CASE("Cutout: all positions have the same probability, including the first and the last") {
  const VoxelGrid grid{{8, 6, 5}, 1};
  const Cutout cutout{.probability = 1, .edge_mm = 3};
  std::array<std::vector<int>, 3> hits = {std::vector<int>(6), std::vector<int>(4), std::vector<int>(3)};
  Random random({.seed = 2});
  const int n = 6000;
  for (int k = 0; k < n; ++k) {
    const Box box = cutout.draw(grid, random);
    for (std::size_t a = 0; a < 3; ++a) ++hits[a].at(static_cast<std::size_t>(box.corner[a]));
  }
  for (const auto& axis : hits)
    for (const int count : axis) {
      const double p = 1.0 / static_cast<double>(axis.size());
      CHECK(std::abs(count - n * p) < 4 * std::sqrt(n * p * (1 - p)));  // four standard deviations
    }
}

TEST_CASE("Cutout: half of the volumes are cut by default") {
  const VoxelGrid grid{{4, 4, 4}, 32};
  CHECK(std::abs(share_changed(Cutout{}, grid) - 0.5) < 0.045);  // four standard errors
  CHECK(share_changed(Cutout{.probability = 0}, grid) == 0);
  CHECK(share_changed(Cutout{.probability = 1}, grid) == 1);
}
