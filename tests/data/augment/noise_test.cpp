// SPDX-License-Identifier: Apache-2.0
#include "data/augment/noise.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/data/augment/sample_volume.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("Noise: mean 0 and the given standard deviation, both in tissue and in background") {
  const VoxelGrid grid{{40, 45, 50}, 2};
  std::vector<float> before(static_cast<std::size_t>(grid.voxels()), 0.0f);
  std::fill(before.begin(), before.begin() + 45000, 1.5f);
  std::vector<float> volume = before;
  augment(Noise{.sd = 0.2}, grid, {.seed = 4}, volume);
  for (const std::size_t half : {0u, 1u}) {
    double sum = 0, squares = 0, cubes = 0;
    const double n = 45000;
    for (std::size_t k = 45000 * half; k < 45000 * (half + 1); ++k) {
      const double x = (static_cast<double>(volume[k]) - static_cast<double>(before[k])) / 0.2;
      sum += x;
      squares += x * x;
      cubes += x * x * x;
    }
    CHECK(std::abs(sum / n) < 4 / std::sqrt(n));  // four standard errors each
    CHECK(std::abs(squares / n - 1) < 4 * std::sqrt(2 / n));
    CHECK(std::abs(cubes / n) < 4 * std::sqrt(15 / n));
  }
}

TEST_CASE("Noise: the noise of different voxels is independent") {
  const VoxelGrid grid{{1, 1, 4001}, 2};  // not a multiple of the four normals of a block
  std::vector<float> volume(4001, 0.0f);
  augment(Noise{.sd = 1}, grid, {.seed = 4}, volume);
  for (const std::size_t lag : {1u, 2u, 3u, 4u, 8u}) {
    double product = 0;
    for (std::size_t k = lag; k < volume.size(); ++k) product += static_cast<double>(volume[k] * volume[k - lag]);
    CHECK(std::abs(product / 4000) < 4 / std::sqrt(4000.0));  // four standard errors of independent products
  }
  CHECK(volume.back() != 0);
}

TEST_CASE("Noise: all volumes get noise by default, and a standard deviation of 0 changes nothing") {
  const VoxelGrid grid{{3, 3, 3}, 2};
  CHECK(share_changed(Noise{}, grid) == 1);
  CHECK(share_changed(Noise{.sd = 0}, grid) == 0);
}
