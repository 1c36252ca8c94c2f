// SPDX-License-Identifier: Apache-2.0
#include "losses/ranking.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace cg {
namespace {

/// Places the others of anchor i from the farthest age to the nearest: the outer end of the younger or of the older.
void merge_from_the_ends(std::span<const double> ages, const std::vector<std::int32_t>& by_age, std::int32_t i,
                         Places& order) {
  std::size_t young = 0, old = by_age.size() - 1;
  for (Index p = 0; p < order.cols(); ++p) {
    const std::int32_t younger = by_age[young], older = by_age[old];
    const double age = ages[static_cast<std::size_t>(i)];
    const bool take_younger = older == i || (younger != i && age - ages[static_cast<std::size_t>(younger)] >=
                                                                 ages[static_cast<std::size_t>(older)] - age);
    order(i, p) = take_younger ? younger : older;
    take_younger ? ++young : --old;
  }
}

}  // namespace

Ranking rank_by_age(std::span<const double> ages, const Array& closeness, Compared compared) {
  const auto n = static_cast<Index>(ages.size());
  std::vector<std::int32_t> by_age(ages.size());
  std::iota(by_age.begin(), by_age.end(), 0);
  std::stable_sort(by_age.begin(), by_age.end(), [&](std::int32_t a, std::int32_t b) {
    return ages[static_cast<std::size_t>(a)] < ages[static_cast<std::size_t>(b)];
  });
  Ranking r{Places(n, n - 1), Places(n, n - 1)};
  for (std::int32_t i = 0; i < n; ++i) {
    merge_from_the_ends(ages, by_age, i, r.order);
    for (Index first = 0, end; first < n - 1; first = end) {  // a run of rows equally far
      for (end = first + 1; end < n - 1; ++end)
        if (closeness(i, r.order(i, end)) != closeness(i, r.order(i, first))) break;
      r.reach.row(i).segment(first, end - first) =
          static_cast<std::int32_t>(compared == Compared::farther ? first : end);
    }
  }
  return r;
}

Array age_closeness(std::span<const double> ages) {
  const Eigen::Map<const Row> y(ages.data(), static_cast<Index>(ages.size()));
  Array closeness(y.size(), y.size());
  for (Index i = 0; i < y.size(); ++i) closeness.row(i) = -(y - y[i]).abs();
  return closeness;
}

void ranked_gradient(const Ranking& r, Index i, const RowView<double>& a, const RowView<double>& s, RowOut g) {
  const Row u = in_order<double>(r, i, s), d = log_sum_exp_of_prefixes<double>(u);
  const Index n = u.size();
  Row h = Row::Zero(n);  // starts as b
  for (Index p = 0; p < n; ++p)
    if (const auto reach = r.reach(i, p); reach > 0) h[reach - 1] += a[r.order(i, p)];
  const Row fall = exp(d.head(n - 1) - d.tail(n - 1));
  for (Index p = n - 2; p >= 0; --p) h[p] += h[p + 1] * fall[p];
  const Row push = h * exp(u - d);
  g[i] = 0;
  for (Index p = 0; p < n; ++p) g[r.order(i, p)] = push[p] - (r.reach(i, p) > 0 ? a[r.order(i, p)] : 0);
}

}  // namespace cg
