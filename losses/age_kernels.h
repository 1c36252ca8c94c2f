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

/// w [n, n]: w_it = K(y_i − y_t). A weight far down a tail is an exact 0 (rbf, σ = 2: beyond 77 years).
inline Array age_weights(AgeKernel kernel, double sigma, std::span<const double> ages) {
  const auto n = static_cast<Index>(ages.size());
  Array w(n, n);
  for (std::size_t i = 0; i < ages.size(); ++i)
    for (std::size_t t = 0; t <= i; ++t) {
      const double weight = age_weight(kernel, sigma, ages[i] - ages[t]);
      w(static_cast<Index>(i), static_cast<Index>(t)) = weight;
      w(static_cast<Index>(t), static_cast<Index>(i)) = weight;
    }
  return w;
}

}  // namespace cg
