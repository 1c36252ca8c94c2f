// SPDX-License-Identifier: Apache-2.0
// Volumes of random voxels, and affines, for tests of files and resampling.
#pragma once

#include <cmath>

#include "data/space/resample.h"
#include "tensor/random.h"

namespace cg::test {

/// Voxels in (0, 1).
inline Volume noise_volume(const Shape& shape, std::uint64_t seed = 1) {
  Random random({.seed = seed});
  Volume out{shape, std::vector<float>(static_cast<std::size_t>(count(shape)))};
  for (float& v : out.values) v = static_cast<float>(random.uniform());
  return out;
}

/// A rotation about the z axis after the given scale and shift.
inline Affine turned(double degrees, const Vector3& edges, const Vector3& origin) {
  const double angle = degrees * 3.14159265358979 / 180, c = std::cos(angle), s = std::sin(angle);
  Affine out;
  out.m = {{{c * edges[0], -s * edges[1], 0, origin[0]},
            {s * edges[0], c * edges[1], 0, origin[1]},
            {0, 0, edges[2], origin[2]}}};
  return out;
}

inline std::size_t voxel_index(const Volume& v, Index x, Index y, Index z) {
  return static_cast<std::size_t>((x * v.shape[1] + y) * v.shape[2] + z);
}

}  // namespace cg::test
