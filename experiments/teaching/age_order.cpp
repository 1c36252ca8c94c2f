// SPDX-License-Identifier: Apache-2.0
#include "experiments/teaching/age_order.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "experiments/statistics/map_agreement.h"

namespace cg {

double largest_gap(std::span<const double> ages) {
  std::vector<double> sorted(ages.begin(), ages.end());
  std::sort(sorted.begin(), sorted.end());
  std::size_t widest = 0;
  for (std::size_t k = 0; k + 1 < sorted.size(); ++k)
    if (sorted[k + 1] - sorted[k] > sorted[widest + 1] - sorted[widest]) widest = k;
  return sorted.size() > 1 ? (sorted[widest] + sorted[widest + 1]) / 2 : sorted[0];
}

double order_by_age(const LossCase& example, double from, double to) {
  const std::size_t n = example.ages.size(), width = example.z.size() / n;
  const auto belongs = [&](std::size_t i) { return example.ages[i] > from && example.ages[i] <= to; };
  std::vector<float> years, distances;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = i + 1; k < n; ++k) {
      if (!belongs(i) || !belongs(k) || example.ages[i] == example.ages[k]) continue;
      double squares = 0;
      for (std::size_t c = 0; c < width; ++c)
        squares += std::pow(example.z[i * width + c] - example.z[k * width + c], 2);
      years.push_back(static_cast<float>(std::abs(example.ages[i] - example.ages[k])));
      distances.push_back(static_cast<float>(std::sqrt(squares)));
    }
  return rank_correlation(years, distances);
}

}  // namespace cg
