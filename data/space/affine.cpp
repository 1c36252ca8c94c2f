// SPDX-License-Identifier: Apache-2.0
#include "data/space/affine.h"

#include <cmath>

#include "tensor/error.h"

namespace cg {

Affine Affine::scale(const Vector3& edges, const Vector3& origin) {
  Affine out;
  for (std::size_t r = 0; r < 3; ++r) {
    out.m[r][r] = edges[r];
    out.m[r][3] = origin[r];
  }
  return out;
}

Vector3 Affine::operator()(const Vector3& v) const {
  Vector3 out;
  for (std::size_t r = 0; r < 3; ++r) out[r] = m[r][0] * v[0] + m[r][1] * v[1] + m[r][2] * v[2] + m[r][3];
  return out;
}

double Affine::determinant() const {
  return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
         m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

Vector3 Affine::edges() const {
  Vector3 out;
  for (std::size_t c = 0; c < 3; ++c) out[c] = std::sqrt(m[0][c] * m[0][c] + m[1][c] * m[1][c] + m[2][c] * m[2][c]);
  return out;
}

Affine operator*(const Affine& first, const Affine& second) {
  Affine out;
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 4; ++c) {
      out.m[r][c] = c == 3 ? first.m[r][3] : 0;
      for (std::size_t k = 0; k < 3; ++k) out.m[r][c] += first.m[r][k] * second.m[k][c];
    }
  return out;
}

bool Affine::is_flat() const {
  const Vector3 edge = edges();
  return !(std::abs(determinant()) > 1e-6 * edge[0] * edge[1] * edge[2]);  // also true if a number is NaN
}

Affine inverse(const Affine& affine) {
  const auto& m = affine.m;
  const Vector3 edges = affine.edges();
  const double determinant = affine.determinant();
  if (!(std::abs(determinant) > 1e-9 * edges[0] * edges[1] * edges[2]))
    fail(ErrorKind::data, "affine", "the axes of the affine are in one plane", "Use three independent axes.");
  Affine out;
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) {
      const std::size_t r1 = (c + 1) % 3, r2 = (c + 2) % 3, c1 = (r + 1) % 3, c2 = (r + 2) % 3;
      out.m[r][c] = (m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]) / determinant;
    }
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t k = 0; k < 3; ++k) out.m[r][3] -= out.m[r][k] * m[k][3];
  return out;
}

Orientation orientation(const Affine& affine) {
  const Vector3 edges = affine.edges();
  Orientation out{};
  std::array<bool, 3> axis_taken = {}, done = {};
  for (int round = 0; round < 3; ++round) {  // first the pair of axes with the smallest angle
    std::size_t best_axis = 0, best_voxel = 0;
    double best = -1;
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t c = 0; c < 3; ++c)
        if (const double cosine = std::abs(affine.m[r][c]) / edges[c]; !axis_taken[r] && !done[c] && cosine > best) {
          best = cosine;
          best_axis = r;
          best_voxel = c;
        }
    axis_taken[best_axis] = done[best_voxel] = true;
    out.axis[best_voxel] = best_axis;
    out.reversed[best_voxel] = affine.m[best_axis][best_voxel] < 0;
  }
  return out;
}

std::string Orientation::letters() const {
  std::string out;
  for (std::size_t c = 0; c < 3; ++c) out += (reversed[c] ? "LPI" : "RAS")[axis[c]];
  return out;
}

}  // namespace cg
