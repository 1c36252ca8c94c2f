// SPDX-License-Identifier: Apache-2.0
// The common grid: a volume on it keeps its bits, constants stay, mass is kept, left stays left.
#include "data/space/resample.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/data/space/spatial_volumes.h"
#include "tests/support/property.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

const Affine identity = Affine::scale({1, 1, 1}, {});

double total(const Volume& v) { return std::accumulate(v.values.begin(), v.values.end(), 0.0); }

Shape drawn_shape() {
  const auto extent = [] { return *rc::gen::inRange<Index>(1, 9); };
  return {extent(), extent(), extent()};
}

SpatialGrid grid_of(const SpatialVolume& spatial) {
  return {{spatial.volume.shape[0], spatial.volume.shape[1], spatial.volume.shape[2]}, spatial.affine};
}

/// An axis permutation with signs and steps: any of the 48 ways to store a volume.
Affine drawn_axes(const Shape& shape) {
  std::array<std::size_t, 3> axis = {0, 1, 2};
  if (*rc::gen::arbitrary<bool>()) std::swap(axis[0], axis[1]);
  if (*rc::gen::arbitrary<bool>()) std::swap(axis[1], axis[2]);
  if (*rc::gen::arbitrary<bool>()) std::swap(axis[0], axis[2]);
  Affine out;
  for (std::size_t c = 0; c < 3; ++c) {
    const bool reversed = *rc::gen::arbitrary<bool>();
    out.m[axis[c]][c] = reversed ? -2 : 2;
    out.m[axis[c]][3] = reversed ? 2.0 * static_cast<double>(shape[c] - 1) : 0;
  }
  return out;
}

}  // namespace

TEST_CASE("mni_grid: 91 x 109 x 91 at 2 mm, 182 x 218 x 182 at 1 mm, voxel 0 at the back, bottom, left") {
  const SpatialGrid two = mni_grid(), one = mni_grid(1), four = mni_grid(4);
  CHECK(two.extents == Triple{91, 109, 91});
  CHECK(one.extents == Triple{182, 218, 182});
  CHECK(four.extents == Triple{46, 55, 46});
  CHECK(two.affine(Vector3{0, 0, 0}) == Vector3{-90, -126, -72});
  CHECK(two.affine(Vector3{45, 63, 36}) == Vector3{0, 0, 0});
  CHECK(one.affine(Vector3{0, 0, 0}) == Vector3{-90.5, -126.5, -72.5});
  check_fails([] { mni_grid(0); }, ErrorKind::usage, {"0 mm"});
  check_fails([] { mni_grid(std::nan("")); }, ErrorKind::usage, {"nan"});
}

TEST_CASE("Affine: the inverse is correct, letters give the directions of the axes, a flat affine is refused") {
  property("inverse", [] {
    const double degrees = *rc::gen::inRange(-180, 180);
    const Affine a = turned(degrees, {0.7, 1.3, 2}, {5, -7, 9});
    const Affine back = inverse(a) * a;
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t c = 0; c < 4; ++c) RC_ASSERT(std::abs(back.m[r][c] - (r == c ? 1 : 0)) < 1e-12);
  });
  CHECK(orientation(identity).letters() == "RAS");
  CHECK(orientation(Affine::scale({-1, -1, 1}, {})).letters() == "LPS");
  CHECK(orientation(turned(90, {1, 1, 1}, {})).letters() == "ALS");
  CHECK(orientation(turned(40, {1, 1, 1}, {})).letters() == "RAS");
  Affine flat = identity;
  flat.m[2][2] = 0;
  check_fails([&] { inverse(flat); }, ErrorKind::data, {"plane"});
}

TEST_CASE("resample: a volume on the grid keeps its bits for any values") {
  property("identity", [] {
    const SpatialVolume from{noise_volume(drawn_shape(), *rc::gen::inRange<std::uint64_t>(0, 1000)),
                             Affine::scale({2, 2, 2}, {-90, -126, -72})};
    for (const Sampling sampling : {Sampling::linear, Sampling::measured, Sampling::nearest}) {
      const Resampled out = resample(from, grid_of(from), sampling);
      RC_ASSERT(out.volume.shape == from.volume.shape);
      RC_ASSERT(out.volume.values == from.volume.values);
      RC_ASSERT(out.done == "as it is");
    }
  });
  SpatialVolume odd{{{1, 1, 4}, {-0.0f, 1e-40f, 3e38f, -1.5f}}, identity};
  const Volume out = resample(odd, grid_of(odd), Sampling::linear).volume;
  CHECK(std::equal(out.values.begin(), out.values.end(), odd.volume.values.begin(), [](float a, float b) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
  }));
}

TEST_CASE("resample: an affine that float32 rounded is still the same grid") {
  SpatialVolume from{noise_volume({20, 20, 20}), Affine::scale({0.7, 0.7, 0.7}, {-63.1, -12.3, 4.4})};
  const SpatialGrid grid = grid_of(from);
  for (auto& row : from.affine.m)
    for (double& value : row) value = static_cast<double>(static_cast<float>(value));
  from.affine.m[0][1] = 1e-6;
  CHECK(resample(from, grid, Sampling::linear).volume.values == from.volume.values);
}

TEST_CASE("resample: all 48 ways to store a volume give the same voxels, and to_ras finds them too") {
  property("turned", [] {
    const Volume stored = noise_volume(drawn_shape());
    const Affine affine = drawn_axes(stored.shape);
    const SpatialVolume ras = to_ras({stored, affine});
    RC_ASSERT(orientation(ras.affine).letters() == "RAS");
    RC_ASSERT(ras.affine == Affine::scale({2, 2, 2}, {}));
    const Volume out = resample({stored, affine}, grid_of(ras), Sampling::linear).volume;
    RC_ASSERT(out.values == ras.volume.values);
    for (Index x = 0; x < stored.shape[0]; ++x)
      for (Index y = 0; y < stored.shape[1]; ++y)
        for (Index z = 0; z < stored.shape[2]; ++z) {
          const Vector3 mm = affine({static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)});
          RC_ASSERT(ras.volume.values[voxel_index(ras.volume, static_cast<Index>(mm[0]) / 2,
                                                  static_cast<Index>(mm[1]) / 2, static_cast<Index>(mm[2]) / 2)] ==
                    stored.values[voxel_index(stored, x, y, z)]);
        }
  });
}

TEST_CASE("resample: shrinking keeps the mass, and each new voxel is the mean of its volume") {
  property("mass", [] {
    const Volume fine = noise_volume(drawn_shape());
    Vector3 edges, origin;
    SpatialGrid grid;
    for (std::size_t a = 0; a < 3; ++a) {
      edges[a] = 1 + *rc::gen::inRange(1, 30) / 10.0;
      grid.extents[a] = static_cast<Index>(std::ceil(static_cast<double>(fine.shape[a]) / edges[a])) + 1;
      origin[a] = -0.5 + edges[a] / 2 - *rc::gen::inRange(0, 10) / 10.0 * edges[a];  // the grid contains the volume
    }
    grid.affine = Affine::scale(edges, origin);
    const Volume out = resample({fine, identity}, grid, Sampling::linear).volume;
    RC_ASSERT(std::abs(total(out) * edges[0] * edges[1] * edges[2] - total(fine)) < 1e-5 * total(fine));
  });
  const Volume fine = noise_volume({4, 4, 4});
  const Volume out =
      resample({fine, identity}, {{2, 2, 2}, Affine::scale({2, 2, 2}, {0.5, 0.5, 0.5})}, Sampling::linear).volume;
  double sum = 0;
  for (Index x = 2; x < 4; ++x)
    for (Index y = 0; y < 2; ++y)
      for (Index z = 2; z < 4; ++z) sum += static_cast<double>(fine.values[voxel_index(fine, x, y, z)]);
  CHECK(out.values[voxel_index(out, 1, 0, 1)] == static_cast<float>(sum / 8));
}

TEST_CASE("resample: a constant keeps its bits inside of the volume, rotated or not") {
  property("constant", [] {
    const float c = static_cast<float>(*rc::gen::inRange(1, 1000)) / 7;
    Volume flat = noise_volume({24, 24, 24});
    std::fill(flat.values.begin(), flat.values.end(), c);
    const double degrees = *rc::gen::element(0.0, 0.0, 30.0, -7.5, 90.0), edge = *rc::gen::inRange(5, 25) / 10.0;
    SpatialGrid grid{{5, 5, 5}, turned(degrees, {edge, edge, edge}, {11.5, 11.5, 11.5})};
    const Vector3 middle = grid.affine({2, 2, 2});
    for (std::size_t r = 0; r < 3; ++r) grid.affine.m[r][3] += 11.5 - middle[r];
    for (const Sampling sampling : {Sampling::linear, Sampling::measured, Sampling::nearest})
      for (const float v : resample({flat, identity}, grid, sampling).volume.values) RC_ASSERT(v == c);
  });
}

TEST_CASE("resample: a linear ramp is correct at all points inside the volume, also for oblique volumes") {
  // Area weights treat a voxel as constant: if the edge of a new voxel cuts it, a ramp is only approximate.
  Volume ramp{{16, 16, 16}, {}};
  for (Index x = 0; x < 16; ++x)
    for (Index y = 0; y < 16; ++y)
      for (Index z = 0; z < 16; ++z) ramp.values.push_back(static_cast<float>(100 + 3 * x - 2 * y + 5 * z));
  for (const double degrees : {0.0, 25.0})
    for (const double edge : {0.6, 1.7}) {
      SpatialGrid grid{{4, 4, 4}, turned(degrees, {edge, edge, edge}, {6.3, 6.1, 5.8})};
      const Volume out = resample({ramp, identity}, grid, Sampling::linear).volume;
      for (Index x = 0; x < 4; ++x)
        for (Index y = 0; y < 4; ++y)
          for (Index z = 0; z < 4; ++z) {
            const Vector3 p = grid.affine({static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)});
            CHECK(
                static_cast<double>(out.values[voxel_index(out, x, y, z)]) ==
                doctest::Approx(100 + 3 * p[0] - 2 * p[1] + 5 * p[2]).epsilon(degrees == 0 && edge > 1 ? 5e-3 : 1e-5));
          }
    }
}

TEST_CASE(
    "resample: measured ignores the zeros around, linear includes them, and rims with less than half data are 0") {
  Volume slab{{8, 1, 1}, {0, 0, 0, 2, 2, 2, 2, 0}};
  const SpatialGrid grid{{4, 1, 1}, Affine::scale({2, 1, 1}, {0.5, 0, 0})};
  CHECK(resample({slab, identity}, grid, Sampling::linear).volume.values == std::vector<float>{0, 1, 2, 1});
  CHECK(resample({slab, identity}, grid, Sampling::measured).volume.values == std::vector<float>{0, 2, 2, 2});
  slab.values = {0, 0, 0, 2, 0, 0, 0, 0};
  const SpatialGrid coarse{{2, 1, 1}, Affine::scale({4, 1, 1}, {1.5, 0, 0})};
  CHECK(resample({slab, identity}, coarse, Sampling::measured).volume.values == std::vector<float>{0, 0});
}

TEST_CASE("resample: nearest creates no new labels") {
  property("labels", [] {
    Volume labels = noise_volume({7, 6, 5}, *rc::gen::inRange<std::uint64_t>(0, 100));
    for (float& v : labels.values) v = std::floor(4 * v);
    const double edge = *rc::gen::inRange(3, 40) / 10.0;
    const SpatialGrid grid{{6, 6, 6}, turned(*rc::gen::element(0.0, 33.0), {edge, edge, edge}, {0.2, 0.3, 0.4})};
    for (const float v : resample({labels, identity}, grid, Sampling::nearest).volume.values)
      RC_ASSERT(v == std::floor(v) && v >= 0 && v < 4);
  });
}

TEST_CASE("resample: outside of the volume there is 0, and a volume far away gives only 0") {
  const SpatialVolume from{noise_volume({3, 3, 3}), Affine::scale({1, 1, 1}, {1000, 0, 0})};
  for (const Sampling sampling : {Sampling::linear, Sampling::measured, Sampling::nearest})
    CHECK(total(resample(from, mni_grid(8), sampling).volume) == 0);
  const SpatialVolume inside{noise_volume({3, 3, 3}), identity};
  const Volume wide = resample(inside, {{7, 3, 3}, Affine::scale({1, 1, 1}, {-2, 0, 0})}, Sampling::linear).volume;
  CHECK(total(wide) == doctest::Approx(total(inside.volume)));
  CHECK(wide.values[0] == 0);
}

TEST_CASE("resample: the report describes what was done") {
  const auto done = [](const Affine& affine, Sampling sampling = Sampling::linear) {
    return resample({noise_volume({91, 109, 91}), affine}, mni_grid(), sampling).done;
  };
  CHECK(done(Affine::scale({2, 2, 2}, {-90, -126, -72})) == "as it is");
  CHECK(done(Affine::scale({-2, 2, 2}, {90, -126, -72})) == "turned from LAS");
  CHECK(done(Affine::scale({2, 2, 2}, {-88, -126, -72})) == "shifted by whole voxels");
  CHECK(done(Affine::scale({-2, 2, 2}, {92, -126, -72})) == "turned from LAS, shifted by whole voxels");
  CHECK(done(Affine::scale({2, 2, 2}, {-89, -126, -72})) == "linear");
  CHECK(done(Affine::scale({1, 1, 1}, {-45, -50, -45})) == "area-weighted");
  CHECK(done(Affine::scale({1, 1, 1}, {-45, -50, -45}), Sampling::nearest) == "nearest");
  CHECK(done(turned(10, {2, 2, 2}, {-90, -126, -72})) == "linear, oblique");
}
