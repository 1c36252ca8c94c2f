// SPDX-License-Identifier: Apache-2.0
// The phantom's random numbers: Philox streams named by their purpose, and smooth Gaussian fields. There is no state,
// so a subject is the same for any order, number of threads or size of the cohort.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/index.h"

namespace cg::phantom {

/// The second word of the key.
enum class Kind : std::uint32_t { stiffness = 0, t1 = 1, fixed = 2 };

enum class Stream : std::uint32_t {
  cohort,
  latent,
  pose,
  texture,
  noise,
  acquire,
  topography_early,
  topography_late,
  demography,
  site,
  contrast,
  noise_real,
  noise_imaginary
};

/// Names the draws of one subject for one purpose.
struct Draws {
  std::uint32_t seed;
  Kind kind;
  Stream stream;
  std::uint32_t subject;

  std::array<std::uint32_t, 4> block(std::uint32_t index) const;
  std::vector<double> uniforms(std::size_t n) const;  ///< in (0, 1)
  std::vector<double> normals(std::size_t n) const;   ///< mean 0, sd 1
};

/// A point in millimetres, MNI-like: x to the right, y to the front, z up.
struct Point {
  float x, y, z;
};

/// A smooth Gaussian field of unit variance: white noise on a lattice, smoothed by cubic B-splines. Their kernel has
/// the variance of a Gaussian with full width `fwhm` (mm) at half maximum.
class SplineField {
 public:
  /// Prepares the lattice around `points`. The field must not be evaluated at other points.
  SplineField(std::span<const Point> points, double fwhm, const Draws& draws);
  float at(const Point& p) const;

 private:
  struct Node {
    Index first;  ///< of the four lattice nodes around a coordinate
    std::array<float, 4> weight;
  };
  Node node(float coordinate) const;

  float spacing_;
  std::array<Index, 3> low_, extent_;
  std::vector<float> lattice_;
};

}  // namespace cg::phantom
