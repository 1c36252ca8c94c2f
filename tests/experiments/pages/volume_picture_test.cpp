// SPDX-License-Identifier: Apache-2.0
#include "experiments/pages/volume_picture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "experiments/pages/colour_map.h"
#include "tests/support/png.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr Plane all_planes[] = {Plane::sagittal, Plane::coronal, Plane::axial};

/// All voxels have different values, 1 … 120, on a grid of 4 × 6 × 5.
VolumePicture sample_picture(std::size_t rows = 1) {
  VolumePicture p;
  p.title = "sample";
  p.grid = {{4, 6, 5}, 20};
  p.at = {1, 4, 2};
  p.most = 120;
  p.unit = "kPa";
  for (std::size_t row = 0; row < rows; ++row) {
    p.rows.push_back({row ? "after" : "before", std::vector<float>(120)});
    for (std::size_t k = 0; k < 120; ++k) p.rows[row].values[k] = static_cast<float>(row ? 120 - k : k + 1);
  }
  return p;
}

/// Voxels of a plane through `at`.
template <class Body>
void each_in_plane(const VolumePicture& p, Plane plane, const Body& body) {
  const auto across = static_cast<std::size_t>(plane);
  for (Index x = 0; x < p.grid.extents[0]; ++x)
    for (Index y = 0; y < p.grid.extents[1]; ++y)
      for (Index z = 0; z < p.grid.extents[2]; ++z)
        if (const Triple voxel = {x, y, z}; voxel[across] == p.at[across]) body(voxel);
}

/// Whether a square around a position has dark ink, as from a letter.
bool written(const Png& png, double x, double y) {
  for (int dx = -6; dx <= 6; ++dx)
    for (int dy = -6; dy <= 6; ++dy)
      if (const auto c = png.at(static_cast<int>(x) + dx, static_cast<int>(y) + dy);
          c[0] < 150 && c[1] < 150 && c[2] < 150)
        return true;
  return false;
}

}  // namespace

TEST_CASE("Volume picture: in all three planes of all rows a pixel has the colour of its voxel") {
  const VolumePicture p = sample_picture(2);
  const Png png(volume_png(p));
  int compared = 0;
  for (std::size_t row = 0; row < 2; ++row)
    for (const Plane plane : all_planes)
      each_in_plane(p, plane, [&](const Triple& v) {
        const float value = p.rows[row].values[p.grid.at(v[0], v[1], v[2])];
        auto [x, y] = pixel_of(p, row, plane, v);
        x += 25;  // beside the letters, which are in the middle of the sides
        y += 25;
        CHECK(png.at({x, y}) == viridis(static_cast<double>(value) / 120));
        ++compared;
      });
  CHECK(compared == 2 * (30 + 20 + 24));
}

TEST_CASE("Volume picture: a map is drawn over a grey volume, with its own scale") {
  VolumePicture p = sample_picture(2);
  p.rows[0].most = 200;
  PictureRow& over = p.rows[1];
  over.under = p.rows[0].values;
  over.under_most = 120;
  over.most = 4;
  for (std::size_t k = 0; k < 120; ++k) over.values[k] = static_cast<float>(static_cast<int>(k % 9) - 4);
  over.under[p.grid.at(1, 2, 3)] = 0;
  over.values[p.grid.at(1, 2, 3)] = 4;  // outside of the volume nothing is shown
  const Png png(volume_png(p));
  for (const Plane plane : all_planes)
    each_in_plane(p, plane, [&](const Triple& v) {
      const std::size_t k = p.grid.at(v[0], v[1], v[2]);
      const auto colour = [&](std::size_t row) {
        const auto [x, y] = pixel_of(p, row, plane, v);
        return png.at({x + 25, y + 25});
      };
      CAPTURE(k);
      CHECK(colour(0) == viridis(static_cast<double>(p.rows[0].values[k]) / 200));
      const auto grey = static_cast<std::uint8_t>(std::lround(35 + 180 * static_cast<double>(over.under[k]) / 120));
      if (over.under[k] == 0)
        CHECK(colour(1) == Colour{240, 240, 240});
      else
        CHECK(colour(1) == warm_or_cold(static_cast<double>(over.values[k]) / 4, {grey, grey, grey}));
    });
  // Beside the second row there is a scale with both signs, warm above.
  const double middle = pixel_of(p, 1, Plane::axial, {1, 2, 2})[1], above = pixel_of(p, 0, Plane::axial, {1, 0, 2})[1];
  const auto row_with = [&](const auto& wanted) {
    for (int y = 0; y < png.height(); ++y)
      for (int x = png.width() - 90; x < png.width() - 60; ++x)
        if (wanted(png.at(x, y)) && y > above) return y;
    return -1;
  };
  const int warm = row_with([](const Colour&c) { return c[0] > 240 && c[1] > 200 && c[2] < 120; }),
            cold = row_with([](const Colour&c) { return c[0] < 160 && c[1] > 200 && c[2] > 240; });
  REQUIRE(warm > 0);
  REQUIRE(cold > warm + 50);
  CHECK(warm < middle);
  CHECK(cold > middle);
}

TEST_CASE("Volume picture: left is on the left, front is on the right or above, up is above") {
  const VolumePicture p = sample_picture();
  const auto at = [&](Plane plane, Triple voxel) { return pixel_of(p, 0, plane, voxel); };
  CHECK(at(Plane::coronal, {0, 4, 2})[0] < at(Plane::coronal, {3, 4, 2})[0]);
  CHECK(at(Plane::axial, {0, 4, 2})[0] < at(Plane::axial, {3, 4, 2})[0]);
  CHECK(at(Plane::sagittal, {1, 0, 2})[0] < at(Plane::sagittal, {1, 5, 2})[0]);
  CHECK(at(Plane::axial, {1, 5, 2})[1] < at(Plane::axial, {1, 0, 2})[1]);
  CHECK(at(Plane::sagittal, {1, 4, 4})[1] < at(Plane::sagittal, {1, 4, 0})[1]);
  CHECK(at(Plane::sagittal, {1, 0, 2})[0] < at(Plane::coronal, {0, 4, 2})[0]);
  CHECK(at(Plane::coronal, {3, 4, 2})[0] < at(Plane::axial, {0, 4, 2})[0]);
}

TEST_CASE("Volume picture: one bright voxel appears once in each plane, also with reversed axes") {
  for (const std::array<bool, 3>& reversed : {std::array<bool, 3>{}, {true, false, false}, {true, true, true}}) {
    VolumePicture p = sample_picture();
    p.reversed = reversed;
    std::fill(p.rows[0].values.begin(), p.rows[0].values.end(), 0.0f);
    p.at = {0, 5, 1};
    p.rows[0].values[p.grid.at(0, 5, 1)] = 120;
    const Png png(volume_png(p));
    for (const Plane plane : all_planes)
      each_in_plane(p, plane, [&](const Triple& v) {
        auto [x, y] = pixel_of(p, 0, plane, v);
        const bool bright = png.at({x + 25, y + 25}) == viridis(1);
        CHECK(bright == (v == p.at));
      });
    // Voxel 0 of X is on the left of the coronal plane, or on its right if X points to the left.
    const double first = pixel_of(p, 0, Plane::coronal, {0, 5, 1})[0],
                 last = pixel_of(p, 0, Plane::coronal, {3, 5, 1})[0];
    CHECK((first < last) == !reversed[0]);
  }
}

TEST_CASE("Volume picture: letters name the sides, and voxels without data are background") {
  VolumePicture p = sample_picture();
  std::fill(p.rows[0].values.begin(), p.rows[0].values.end(), 0.0f);
  const Png png(volume_png(p));
  for (const Plane plane : all_planes) {
    Triple low = p.at, high = p.at;
    for (std::size_t a = 0; a < 3; ++a)
      if (a != static_cast<std::size_t>(plane)) {
        low[a] = 0;
        high[a] = p.grid.extents[a] - 1;
      }
    const auto corner = pixel_of(p, 0, plane, low), opposite = pixel_of(p, 0, plane, high);
    const double half =
        std::abs(pixel_of(p, 0, Plane::coronal, {1, 4, 2})[0] - pixel_of(p, 0, Plane::coronal, {0, 4, 2})[0]) / 2;
    const double left = corner[0] - half, right = opposite[0] + half, bottom = corner[1] + half,
                 top = opposite[1] - half;
    CHECK(written(png, left + 10, (top + bottom) / 2));
    CHECK(written(png, right - 10, (top + bottom) / 2));
    CHECK(written(png, (left + right) / 2, top + 11));
    CHECK(written(png, (left + right) / 2, bottom - 11));
    CHECK_FALSE(written(png, left + 40, top + 40));
    CHECK(png.at({left + 40, top + 40}) == Colour{240, 240, 240});
  }
}

TEST_CASE("Volume picture: the scale goes from dark below to bright above") {
  const Png png(volume_png(sample_picture()));
  int dark = -1, bright = -1;
  for (int y = 0; y < png.height(); ++y)
    for (int x = png.width() - 90; x < png.width() - 60; ++x) {
      if (png.at(x, y) == viridis(0.999) && bright < 0) bright = y;
      if (png.at(x, y) == viridis(0.001)) dark = y;
    }
  REQUIRE(bright >= 0);
  CHECK(dark > bright + 100);
}

TEST_CASE("Volume picture: a note is drawn in red, and control bytes in a title are harmless") {
  const auto red = [](const VolumePicture& p) {
    const Png png(volume_png(p));
    int count = 0;
    for (int y = 40; y < 80; ++y)
      for (int x = 0; x < png.width(); ++x)
        if (const auto c = png.at(x, y); c[0] > 150 && c[1] < 120 && c[2] < 120) ++count;
    return count;
  };
  VolumePicture p = sample_picture();
  p.title = "a\nb\x1b[31m";
  CHECK(red(p) == 0);
  p.note = "SYNTHETIC PHANTOM: computed, not measured";
  CHECK(red(p) > 100);
  p.title = "\xff\xfe";
  check_fails([&] { volume_png(p); }, ErrorKind::data, {"picture", "UTF-8"});
}

TEST_CASE("Volume picture: the middle of a map is its centre of gravity") {
  const VoxelGrid grid{{4, 6, 5}, 2};
  std::vector<float> values(120, 0.0f);
  CHECK(centre_of(grid, values) == Triple{2, 3, 2});
  values[grid.at(3, 0, 4)] = -2;
  CHECK(centre_of(grid, values) == Triple{3, 0, 4});
  values[grid.at(1, 4, 4)] = 2;
  CHECK(centre_of(grid, values) == Triple{2, 2, 4});
}

TEST_CASE("Volume picture: the scale ends at a round number above the values, except one in 500") {
  std::vector<float> values(2000, 0.0f);
  CHECK(scale_end(values) == 1);
  for (std::size_t k = 0; k < 1000; ++k) values[k] = 3.2f;
  CHECK(scale_end(values) == doctest::Approx(3.25));
  values[0] = 900;
  CHECK(scale_end(values) == doctest::Approx(3.25));
  for (std::size_t k = 0; k < 10; ++k) values[k] = 4.1f;
  CHECK(scale_end(values) == doctest::Approx(4.5));
}
