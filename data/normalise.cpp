// SPDX-License-Identifier: Apache-2.0
#include "data/normalise.h"

#include <cmath>

#include "tensor/error.h"

namespace cg {
namespace {

/// The moments of two sets together (Chan, Golub & LeVeque 1979).
Intensity joined(const Intensity& a, const Intensity& b) {
  const double n = a.count + b.count;
  if (n == 0) return {};
  const double delta = b.mean - a.mean;
  const double squares = a.sd * a.sd * a.count + b.sd * b.sd * b.count + delta * delta * a.count * b.count / n;
  return {a.mean + delta * b.count / n, std::sqrt(squares / n), n};
}

}  // namespace

Intensity intensity(std::span<const float> values) {
  double n = 0, sum = 0, squares = 0;
  for (float v : values) {
    n += v != 0;
    sum += static_cast<double>(v);
  }
  const double mean = n > 0 ? sum / n : 0;
  for (float v : values)
    if (v != 0) squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  return {mean, n > 0 ? std::sqrt(squares / n) : 0, n};
}

Intensity intensity(const Dataset& dataset, std::span<const Index> subjects) {
  Intensity all{0, 0, 0};
  for (Index i : subjects) all = joined(all, intensity(dataset.volume(i).values));
  if (!(all.sd > 1e-12))
    fail(ErrorKind::data, "normalisation", "all voxels that hold data are equal", "Check the cohort's maps.");
  return all;
}

void normalise(std::span<float> values, const Intensity& by) {
  const auto mean = static_cast<float>(by.mean), scale = static_cast<float>(1 / by.sd);
  for (float& v : values) v = v != 0 ? (v - mean) * scale : 0.0f;
}

}  // namespace cg
