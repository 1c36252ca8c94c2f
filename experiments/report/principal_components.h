// SPDX-License-Identifier: Apache-2.0
// The two directions in which points differ most (PCA).
#pragma once

#include <span>
#include <vector>

namespace cg {

struct PrincipalComponents {
  std::vector<double> places;  ///< [n, 2], row-major
  double shares[2] = {0, 0};   ///< of the variance
};

/// Of points [n, width], row-major, n ≥ 2. The sign of a direction is that in which its largest coefficient is
/// positive, so that the same points give the same picture.
PrincipalComponents principal_components(std::span<const double> points, std::size_t width);

}  // namespace cg
