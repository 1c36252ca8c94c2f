// SPDX-License-Identifier: Apache-2.0
// The positions of a volume's voxels in space.
#pragma once

#include <array>
#include <string>

#include "tensor/index.h"
#include "tensor/ops/volume.h"

namespace cg {

/// A point in mm (x to the right, y to the front, z up), or a voxel's number along each axis.
using Vector3 = std::array<double, 3>;

/// Maps the number (i, j, k) of a voxel to the position of its centre in mm: row r of m · (i, j, k, 1). "RAS": x grows
/// to the subject's right, y to the front (anterior), z upwards (superior).
struct Affine {
  std::array<std::array<double, 4>, 3> m = {};

  /// Voxels with these edges (mm); the centre of voxel 0 is at `origin`.
  static Affine scale(const Vector3& edges, const Vector3& origin);

  Vector3 operator()(const Vector3& voxel) const;
  double determinant() const;  ///< of the 3 × 3 part: a voxel's volume in mm³, negative if the axes are left-handed
  bool is_flat() const;        ///< the voxel axes are in one plane, or almost
  Vector3 edges() const;       ///< the length of one step along each voxel axis, mm
  bool operator==(const Affine&) const = default;
};

/// First `second`, then `first`.
Affine operator*(const Affine& first, const Affine& second);

/// Errors (data): the axes are in one plane.
Affine inverse(const Affine& affine);

/// For each voxel axis, the nearest axis of space, each used once; and whether the voxel axis points against it.
struct Orientation {
  std::array<std::size_t, 3> axis;  ///< of space (0 x, 1 y, 2 z) for voxel axis 0, 1, 2
  std::array<bool, 3> reversed;     ///< of the voxel axis

  /// The directions of the three voxel axes as letters: "RAS", "LPS", …
  std::string letters() const;
  bool operator==(const Orientation&) const = default;
};
Orientation orientation(const Affine& affine);

}  // namespace cg
