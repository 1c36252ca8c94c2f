// SPDX-License-Identifier: Apache-2.0
#include "data/augment/rotation.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/data/augment/sample_volume.h"
#include "tests/support/property.h"

using namespace cg;
using namespace cg::test;

namespace {

std::vector<float> rotated(std::vector<float> volume, const VoxelGrid& grid, const Rotation::Draw& degrees) {
  Rotation::apply(degrees, grid, volume);
  return volume;
}

}  // namespace

TEST_CASE("Rotation: 0 degrees keep all bits") {
  const VoxelGrid grid{{6, 5, 7}, 2};
  CHECK(rotated(numbered(grid), grid, {0, 0, 0}) == numbered(grid));
}

TEST_CASE("Rotation: quarter turns move a cube's voxels exactly, counter-clockwise about each axis") {
  for (const Index n : {4, 5}) {
    const VoxelGrid grid{{n, n, n}, 2};
    const std::vector<float> before = numbered(grid);
    const Index end = n - 1;
    const auto about_x = rotated(before, grid, {90, 0, 0}), about_y = rotated(before, grid, {0, 90, 0}),
               about_z = rotated(before, grid, {0, 0, 90}), twice = rotated(before, grid, {0, 180, 0});
    each_voxel(grid, [&](Index x, Index y, Index z) {
      const float v = before[grid.at(x, y, z)];
      CHECK(about_x[grid.at(x, end - z, y)] == v);  // Y goes to Z, Z to −Y
      CHECK(about_y[grid.at(z, y, end - x)] == v);
      CHECK(about_z[grid.at(end - y, x, z)] == v);
      CHECK(twice[grid.at(end - x, y, end - z)] == v);
    });
    CHECK(rotated(rotated(before, grid, {90, 0, 0}), grid, {-90, 0, 0}) == before);
    // About X first, then Y, then Z.
    CHECK(rotated(before, grid, {90, 90, 90}) ==
          rotated(rotated(rotated(before, grid, {90, 0, 0}), grid, {0, 90, 0}), grid, {0, 0, 90}));
  }
}

TEST_CASE("Rotation: a volume that is linear in its coordinates is interpolated exactly; outside of it there is 0") {
  const VoxelGrid grid{{12, 13, 14}, 2};
  const auto linear = [](double x, double y, double z) { return 50 + 0.5 * x - 0.75 * y + 0.25 * z; };
  std::vector<float> volume(static_cast<std::size_t>(grid.voxels()));
  each_voxel(grid, [&](Index x, Index y, Index z) {
    volume[grid.at(x, y, z)] = static_cast<float>(linear(x - 5.5, y - 6.0, z - 6.5));
  });
  const double angle = 17, c = std::cos(angle * M_PI / 180), s = std::sin(angle * M_PI / 180);
  const std::vector<float> after = rotated(volume, grid, {0, 0, angle});
  int inside = 0, outside = 0;
  each_voxel(grid, [&](Index x, Index y, Index z) {
    const double u = x - 5.5, v = y - 6.0, from_x = c * u + s * v, from_y = c * v - s * u;
    const float value = after[grid.at(x, y, z)];
    if (std::abs(from_x) <= 5.5 && std::abs(from_y) <= 6) {
      CHECK(static_cast<double>(value) == doctest::Approx(linear(from_x, from_y, z - 6.5)).epsilon(1e-6));  // float32
      ++inside;
    } else if (std::abs(from_x) >= 6.5 || std::abs(from_y) >= 7) {
      CHECK(value == 0);
      ++outside;
    }
  });
  CHECK(inside > 1000);
  CHECK(outside > 50);
}

TEST_CASE("Rotation: a point half a voxel outside of the border has half of its value") {
  const VoxelGrid grid{{1, 2, 1}, 2};
  const std::vector<float> after = rotated({8, 4}, grid, {0, 0, 60});
  // y = ±½ comes from (½ sin 60°, ½ cos 60°) and its opposite: the weight of x is 1 − sin 60°/2, and y is a quarter of
  // a voxel from the middle.
  const double x = 1 - std::sqrt(3.0) / 4;
  CHECK(static_cast<double>(after[0]) == doctest::Approx(x * (0.75 * 8 + 0.25 * 4)).epsilon(1e-6));
  CHECK(static_cast<double>(after[1]) == doctest::Approx(x * (0.25 * 8 + 0.75 * 4)).epsilon(1e-6));
}

TEST_CASE("Rotation: voxels at the border, or with no neighbours inside of it, are as in a larger volume of zeros") {
  property("padded", [] {
    const auto length = [] { return *rc::gen::inRange<Index>(1, 9); };
    const VoxelGrid grid{{length(), length(), length()}, 2};
    constexpr Index edge = 2;
    const VoxelGrid larger{{grid.extents[0] + 2 * edge, grid.extents[1] + 2 * edge, grid.extents[2] + 2 * edge}, 2};
    Rotation::Draw degrees;
    for (double& angle : degrees) angle = *rc::gen::inRange(-180, 181);
    const std::vector<float> before = numbered(grid), after = rotated(before, grid, degrees);
    std::vector<float> padded(static_cast<std::size_t>(larger.voxels()), 0.0f);
    const auto in_larger = [&](Index x, Index y, Index z) { return larger.at(x + edge, y + edge, z + edge); };
    each_voxel(grid, [&](Index x, Index y, Index z) { padded[in_larger(x, y, z)] = before[grid.at(x, y, z)]; });
    const std::vector<float> want = rotated(padded, larger, degrees);
    each_voxel(grid, [&](Index x, Index y, Index z) {
      // Sums of eight numbers up to 512 in float32, in another order.
      RC_ASSERT(std::abs(after[grid.at(x, y, z)] - want[in_larger(x, y, z)]) < 1e-3f);
    });
  });
}

TEST_CASE("Rotation: angles are drawn evenly up to the option's value") {
  Random random({.seed = 9});
  double sum = 0, squares = 0, most = 0;
  const int n = 3000;
  for (int k = 0; k < n; ++k)
    for (const double angle : Rotation{.degrees = 20}.draw({{4, 4, 4}, 2}, random)) {
      sum += angle;
      squares += angle * angle;
      most = std::max(most, std::abs(angle));
    }
  CHECK(most < 20);
  CHECK(most > 19.9);
  CHECK(std::abs(sum / (3 * n)) < 4 * 20 / std::sqrt(3.0 * 3 * n));  // four standard errors
  CHECK(squares / (3 * n) == doctest::Approx(400 / 3.0).epsilon(4 * 0.9 / std::sqrt(3.0 * n)));
}
