// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/student_t.h"

#include <cassert>
#include <cmath>
#include <initializer_list>

namespace cg {
namespace {

/// The continued fraction of the incomplete beta function, by Lentz's method: converges quickly for
/// x < (a + 1) / (a + b + 2).
double fraction(double a, double b, double x) {
  constexpr int most = 500;
  constexpr double tiny = 1e-300, precision = 1e-15;
  double c = 1, d = 1 / std::fmax(std::fabs(1 - (a + b) * x / (a + 1)), tiny), value = d;
  for (int m = 1; m <= most; ++m) {
    const double k = m;
    const double even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k)),
                 odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));
    for (const double factor : {even, odd}) {
      d = 1 + factor * d;
      if (std::fabs(d) < tiny) d = tiny;
      c = 1 + factor / c;
      if (std::fabs(c) < tiny) c = tiny;
      d = 1 / d;
      value *= c * d;
    }
    if (std::fabs(c * d - 1) < precision) break;
  }
  return value;
}

/// I_x(a, b).
double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * fraction(a, b, x) / a;
  return 1 - front * fraction(b, a, 1 - x) / b;
}

}  // namespace

double two_sided_p(double t, double freedom) {
  assert(freedom >= 1);
  return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t));
}

double t_quantile(double share, double freedom) {
  assert(share > 0 && share < 1);
  double low = 0, high = 1;
  while (two_sided_p(high, freedom) > 1 - share) high *= 2;
  for (int k = 0; k < 200 && low < high; ++k) {
    const double middle = (low + high) / 2;
    if (middle == low || middle == high) break;
    (two_sided_p(middle, freedom) > 1 - share ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace cg
