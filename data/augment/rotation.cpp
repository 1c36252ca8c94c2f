#include "data/augment/rotation.h"

#include <numbers>
#include <vector>

namespace cg {
namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

/// By `angle` about an axis: in the plane of the two axes that follow it.
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

/// From a new place to the old one, in voxels, both measured from the middle: the transposed rotation.
Matrix inverse_rotation(const Rotation::Draw& angles) {
  Matrix rotation = about(0, angles[0] * std::numbers::pi / 180);
  for (std::size_t axis = 1; axis < 3; ++axis)
    rotation = product(about(axis, angles[axis] * std::numbers::pi / 180), rotation);
  Matrix out;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) out[i][j] = rotation[j][i];
  return out;
}

/// The volume's value at a point given in voxels.
float interpolated(const std::vector<float>& volume, const VoxelGrid& grid, const Vector& point) {
  Triple low;
  std::array<float, 3> t;  // from the lower neighbour to the upper one
  bool inside = true;
  for (std::size_t a = 0; a < 3; ++a) {
    if (!(point[a] > -1 && point[a] < static_cast<double>(grid.extents[a]))) return 0;
    const double floor = std::floor(point[a]);
    low[a] = static_cast<Index>(floor);
    t[a] = static_cast<float>(point[a] - floor);
    inside = inside && low[a] >= 0 && low[a] + 1 < grid.extents[a];
  }
  if (inside) {
    const auto line = [&](Index x, Index y) {
      const float* v = &volume[grid.at(low[0] + x, low[1] + y, low[2])];
      return (1 - t[2]) * v[0] + t[2] * v[1];
    };
    return (1 - t[0]) * ((1 - t[1]) * line(0, 0) + t[1] * line(0, 1)) +
           t[0] * ((1 - t[1]) * line(1, 0) + t[1] * line(1, 1));
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

}  // namespace

void Rotation::apply(const Draw& angles, const VoxelGrid& grid, std::span<float> volume) {
  const std::vector<float> before(volume.begin(), volume.end());
  const Matrix back = inverse_rotation(angles);
  Vector middle;
  for (std::size_t a = 0; a < 3; ++a) middle[a] = static_cast<double>(grid.extents[a] - 1) / 2;
  for (Index x = 0; x < grid.extents[0]; ++x)
    for (Index y = 0; y < grid.extents[1]; ++y)
      for (Index z = 0; z < grid.extents[2]; ++z) {
        const Vector to = {static_cast<double>(x) - middle[0], static_cast<double>(y) - middle[1],
                           static_cast<double>(z) - middle[2]};
        Vector from;
        for (std::size_t a = 0; a < 3; ++a)
          from[a] = back[a][0] * to[0] + back[a][1] * to[1] + back[a][2] * to[2] + middle[a];
        volume[grid.at(x, y, z)] = interpolated(before, grid, from);
      }
}

}  // namespace cg
