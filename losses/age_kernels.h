// SPDX-License-Identifier: Apache-2.0
// Age kernels: the weight of a pair of subjects, from the difference of their ages. Read next: arrays.h.
#pragma once

#include <cmath>
#include <numbers>
#include <span>

#include "losses/arrays.h"

namespace cg {

enum class AgeKernel { rbf, gaussian, cauchy };

/// K(Δ) for an age difference Δ in years (paper section 3.2: w_ik = K(y_i − y_k)). σ: years for rbf and gaussian,
/// 1/years² for cauchy.
///   rbf       exp(−Δ²/2σ²)             1 for equal ages
///   gaussian  exp(−Δ²/2σ²) / (σ√2π)    a density: 0.2 for equal ages and σ = 2, so 1 − w repels equals too
///   cauchy    1 / (σΔ² + 1)            heavy tails; here a larger σ makes the kernel narrower
inline double age_weight(AgeKernel kernel, double sigma, double difference) {
  const double squared = difference * difference;
  if (kernel == AgeKernel::cauchy) return 1 / (sigma * squared + 1);
  const double bell = std::exp(-squared / (2 * sigma * sigma));
  return kernel == AgeKernel::rbf ? bell : bell / (sigma * std::sqrt(2 * std::numbers::pi));
}

/// The arithmetic of the weights. What it decides is which weights are equal: threshold.h compares them.
enum class WeightPrecision {
  float64,
  float32,  ///< as the published code has it if its ages are whole numbers or float32
};

/// The nearest float32. Below the smallest normal one too, where the processor may be set to give 0.
inline double nearest_float(double x) {
  constexpr double smallest_normal = 0x1p-126, unit = 0x1p-149;  // between the numbers below it
  return std::abs(x) < smallest_normal ? std::nearbyint(x / unit) * unit : static_cast<double>(static_cast<float>(x));
}

/// K(y_i − y_t) of ages in float32, step by step as the published code computes it, rounded after each step. A step in
/// double that is then rounded gives the same numbers as one in float32.
inline double age_weight_in_float32(AgeKernel kernel, double sigma, double age_i, double age_t) {
  const double difference = nearest_float(nearest_float(age_i) - nearest_float(age_t));
  const double squared = nearest_float(difference * difference);
  if (kernel == AgeKernel::cauchy) {
    const double scaled = nearest_float(nearest_float(sigma) * squared);
    return nearest_float(1 / nearest_float(scaled + 1));
  }
  const double bell = nearest_float(std::exp(nearest_float(-squared / nearest_float(2 * sigma * sigma))));
  return kernel == AgeKernel::rbf ? bell : nearest_float(bell / nearest_float(sigma * std::sqrt(2 * std::numbers::pi)));
}

/// w [n, n]: w_it = K(y_i − y_t). A weight far down a tail is an exact 0 (rbf, σ = 2: beyond 77 years; in float32
/// beyond 28.8).
inline Array age_weights(AgeKernel kernel, double sigma, std::span<const double> ages,
                         WeightPrecision precision = WeightPrecision::float64) {
  const auto n = static_cast<Index>(ages.size());
  Array w(n, n);
  for (std::size_t i = 0; i < ages.size(); ++i)
    for (std::size_t t = 0; t <= i; ++t) {
      const double weight = precision == WeightPrecision::float32
                                ? age_weight_in_float32(kernel, sigma, ages[i], ages[t])
                                : age_weight(kernel, sigma, ages[i] - ages[t]);
      w(static_cast<Index>(i), static_cast<Index>(t)) = weight;
      w(static_cast<Index>(t), static_cast<Index>(i)) = weight;
    }
  return w;
}

}  // namespace cg
