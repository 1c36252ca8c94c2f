// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/map_agreement.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace cg {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

std::vector<std::size_t> order_of(std::span<const float> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t k) { return values[k]; });
  return order;
}

/// Ranks from 1, equal values sharing their mean.
std::vector<double> ranks(std::span<const float> values) {
  const std::vector<std::size_t> order = order_of(values);
  std::vector<double> out(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) ++last;
    for (std::size_t k = first; k <= last; ++k) out[order[k]] = 1 + static_cast<double>(first + last) / 2;
    first = last + 1;
  }
  return out;
}

}  // namespace

double rank_correlation(std::span<const float> a, std::span<const float> b) {
  const std::vector<double> x = ranks(a), y = ranks(b);
  const double mean = (static_cast<double>(x.size()) + 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    xy += (x[k] - mean) * (y[k] - mean);
    xx += (x[k] - mean) * (x[k] - mean);
    yy += (y[k] - mean) * (y[k] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : none;
}

Detection detection(std::span<const float> map, std::span<const std::uint8_t> region) {
  const auto n = static_cast<double>(map.size());
  const auto inside = static_cast<std::size_t>(std::ranges::count_if(region, [](std::uint8_t r) { return r != 0; }));
  const auto k = static_cast<double>(inside);
  if (inside == 0 || inside == map.size()) return {none, none, n > 0 ? k / n : none};
  const std::vector<double> rank = ranks(map);
  double sum = 0;
  for (std::size_t i = 0; i < map.size(); ++i) sum += region[i] ? rank[i] : 0;
  const std::vector<std::size_t> order = order_of(map);
  double both = 0;
  for (std::size_t i = order.size() - inside; i < order.size(); ++i) both += region[order[i]] != 0;
  return {(sum - k * (k + 1) / 2) / (k * (n - k)), both / k, k / n};
}

}  // namespace cg
