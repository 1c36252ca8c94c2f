// SPDX-License-Identifier: Apache-2.0
#include "data/augment/rotation.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

namespace cg {
namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

/// The rotation by `angle` about an axis, in the plane of the two axes that follow it.
Matrix about(std::size_t axis, double angle) {
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const std::size_t u = (axis + 1) % 3, v = (axis + 2) % 3;
  Matrix out{};
  out[axis][axis] = 1;
  out[u][u] = out[v][v] = cosine;
  out[v][u] = sine;
  out[u][v] = -sine;
  return out;
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix out{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t k = 0; k < 3; ++k) out[i][j] += a[i][k] * b[k][j];
  return out;
}

/// Maps a new position to the old one, in voxels from the middle: the transposed rotation.
Matrix inverse_rotation(const Rotation::Draw& angles) {
  Matrix rotation = about(0, angles[0] * std::numbers::pi / 180);
  for (std::size_t axis = 1; axis < 3; ++axis)
    rotation = product(about(axis, angles[axis] * std::numbers::pi / 180), rotation);
  Matrix out;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) out[i][j] = rotation[j][i];
  return out;
}

/// The volume's value at any point, in voxels; 0 outside of the volume.
float interpolated(const std::vector<float>& volume, const VoxelGrid& grid, const Vector& point) {
  Triple low;
  std::array<float, 3> t;  // from the lower neighbour to the upper one
  for (std::size_t a = 0; a < 3; ++a) {
    if (!(point[a] > -1 && point[a] < static_cast<double>(grid.extents[a]))) return 0;
    const double floor = std::floor(point[a]);
    low[a] = static_cast<Index>(floor);
    t[a] = static_cast<float>(point[a] - floor);
  }
  float sum = 0;
  for (unsigned corner = 0; corner < 8; ++corner) {
    Triple at;
    float weight = 1;
    bool exists = true;
    for (std::size_t a = 0; a < 3; ++a) {
      const bool upper = (corner >> a & 1) != 0;
      at[a] = low[a] + upper;
      weight *= upper ? t[a] : 1 - t[a];
      exists = exists && at[a] >= 0 && at[a] < grid.extents[a];
    }
    if (exists) sum += weight * volume[grid.at(at[0], at[1], at[2])];
  }
  return sum;
}

/// A line of new voxels along z at their old positions: points from `start` in steps of `step`.
struct Line {
  Vector start, step;
  Vector at(Index z) const {
    Vector point;
    for (std::size_t a = 0; a < 3; ++a) point[a] = start[a] + static_cast<double>(z) * step[a];
    return point;
  }
};

/// The range of z [first, end) in which all eight neighbours of a line's points are inside the volume.
std::pair<Index, Index> inside(const Line& line, const VoxelGrid& grid) {
  const auto is_inside = [&](Index z) {
    const Vector point = line.at(z);
    bool all = true;
    for (std::size_t a = 0; a < 3; ++a)
      all = all && point[a] >= 0 && point[a] < static_cast<double>(grid.extents[a] - 1);
    return all;
  };
  double first = 0, last = static_cast<double>(grid.extents[2] - 1);
  for (std::size_t a = 0; a < 3; ++a) {
    if (std::abs(line.step[a]) < 1e-12) continue;  // inside on the whole line, or nowhere
    const double enters = -line.start[a] / line.step[a];
    const double leaves = (static_cast<double>(grid.extents[a] - 1) - line.start[a]) / line.step[a];
    first = std::max(first, std::min(enters, leaves));
    last = std::min(last, std::max(enters, leaves));
  }
  if (!(first <= last)) return {0, 0};
  auto z0 = static_cast<Index>(std::floor(first)), z1 = static_cast<Index>(std::ceil(last)) + 1;
  while (z0 < z1 && !is_inside(z0)) ++z0;  // corrects an error of one step from rounding
  while (z0 < z1 && !is_inside(z1 - 1)) --z1;
  return {z0, z1};
}

/// The values of a line from z0 to z1, where all eight neighbours are inside: no test per voxel, so it vectorises.
void interpolate_inside(const float* volume, const VoxelGrid& grid, const Line& line, Index z0, Index z1, float* into) {
  const auto row = static_cast<std::int32_t>(grid.extents[2]), plane = row * static_cast<std::int32_t>(grid.extents[1]);
  const auto [x0, y0, start] = line.start;
  const auto [dx, dy, dz] = line.step;
#pragma omp simd
  for (Index z = z0; z < z1; ++z) {
    const auto steps = static_cast<double>(z);
    const double x = x0 + steps * dx, y = y0 + steps * dy, w = start + steps * dz;
    const auto i = static_cast<std::int32_t>(x), j = static_cast<std::int32_t>(y), k = static_cast<std::int32_t>(w);
    const auto u = static_cast<float>(x - i), v = static_cast<float>(y - j), t = static_cast<float>(w - k);
    const std::int32_t at = i * plane + j * row + k;
    const float a = (1 - t) * volume[at] + t * volume[at + 1];
    const float b = (1 - t) * volume[at + row] + t * volume[at + row + 1];
    const float c = (1 - t) * volume[at + plane] + t * volume[at + plane + 1];
    const float d = (1 - t) * volume[at + plane + row] + t * volume[at + plane + row + 1];
    into[z] = (1 - u) * ((1 - v) * a + v * b) + u * ((1 - v) * c + v * d);
  }
}

}  // namespace

void Rotation::apply(const Draw& angles, const VoxelGrid& grid, std::span<float> volume) {
  const std::vector<float> before(volume.begin(), volume.end());
  const Matrix back = inverse_rotation(angles);
  Vector middle;
  for (std::size_t a = 0; a < 3; ++a) middle[a] = static_cast<double>(grid.extents[a] - 1) / 2;
  for (Index x = 0; x < grid.extents[0]; ++x)
    for (Index y = 0; y < grid.extents[1]; ++y) {
      const Vector to = {static_cast<double>(x) - middle[0], static_cast<double>(y) - middle[1], -middle[2]};
      Line line;
      for (std::size_t a = 0; a < 3; ++a) {
        line.start[a] = back[a][0] * to[0] + back[a][1] * to[1] + back[a][2] * to[2] + middle[a];
        line.step[a] = back[a][2];
      }
      float* const into = &volume[grid.at(x, y, 0)];
      const auto [z0, z1] = inside(line, grid);
      for (Index z = 0; z < z0; ++z) into[z] = interpolated(before, grid, line.at(z));
      interpolate_inside(before.data(), grid, line, z0, z1, into);
      for (Index z = z1; z < grid.extents[2]; ++z) into[z] = interpolated(before, grid, line.at(z));
    }
}

}  // namespace cg
