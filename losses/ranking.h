// SPDX-License-Identifier: Apache-2.0
// The order of the other rows by their age's distance from an anchor, and sums along it. The losses that compare every
// k with the rows farther than k (threshold.h, rank_n_contrast.h) are O(n³) as printed: a sum over t for each pair (i,
// k). The sums of one anchor are nested, however. With the others ordered from the farthest age to the nearest,
//
//   order     t₁ t₂ t₃ t₄ … ,     each k's sum runs over the first reach(k) of them,
//   D_m     = log Σ_{r≤m} e^{s_{t_r}}     by one walk along the order,
//
// and value and gradient cost O(n) per anchor. Prefixes grow and are never found by subtraction, which could lose all
// digits. Sorting all ages once orders the others of every anchor: a merge of the younger and the older.
#pragma once

#include <cstdint>
#include <span>

#include "losses/arrays.h"

namespace cg {

using Places = Eigen::Array<std::int32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The others of every anchor by their ages' distance.
struct Ranking {
  Places order;  ///< [n, n − 1] order(i, p): the row in place p, from the farthest age (p = 0) to the nearest
  Places reach;  ///< [n, n − 1] reach(i, p): how many, the farthest first, are compared with the one in place p
};

/// Who is compared with k.
enum class Compared {
  farther,          ///< those farther than k
  at_least_as_far,  ///< those and all as far as k, k among them
};

/// The ranking of ages [n]. `closeness` [n, n] falls as ages part; rows of equal closeness are equally far.
Ranking rank_by_age(std::span<const double> ages, const Array& closeness, Compared compared);

/// −|y_i − y_t| [n, n]: a closeness that differs for all ages, where a weight may be 0 for several.
Array age_closeness(std::span<const double> ages);

/// A row of the similarities in the order of a ranking.
template <class T>
RowOf<T> in_order(const Ranking& r, Index i, const RowView<T>& row) {
  RowOf<T> out(r.order.cols());
  for (Index p = 0; p < out.size(); ++p) out[p] = row[r.order(i, p)];
  return out;
}

/// log Σ_{r≤p} e^{u_r} for every p, each with the maximum of what it sums: where that grows, the sum so far is scaled.
template <class T>
RowOf<T> log_sum_exp_of_prefixes(const RowOf<T>& u) {
  const Index n = u.size();
  Row top(n);
  for (Index p = 0; p < n; ++p) top[p] = p == 0 ? detach(u[p]) : std::max(top[p - 1], detach(u[p]));
  const Row scale = exp(top.head(n - 1) - top.tail(n - 1));
  RowOf<T> sum = exp(u - top.template cast<T>());
  for (Index p = 1; p < n; ++p) sum[p] += sum[p - 1] * T(scale[p - 1]);
  return top.template cast<T>() + log(sum);
}

/// Σ_k a_k [ D_reach(k) − s_k ] of anchor i; a k that is compared with no row adds 0.
template <class T>
T ranked_value(const Ranking& r, Index i, const RowView<double>& a, const RowView<T>& s) {
  const RowOf<T> u = in_order<T>(r, i, s), d = log_sum_exp_of_prefixes<T>(u);
  T sum(0);
  for (Index p = 0; p < u.size(); ++p)
    if (const auto reach = r.reach(i, p); reach > 0) sum += T(a[r.order(i, p)]) * (d[reach - 1] - u[p]);
  return sum;
}

/// Its derivative by s_t, t in place p: Σ_{m ≥ p} b_m e^{s_t − D_m} − a_t, where b_m is the pull of all k with reach m.
/// The sum is h_p e^{s_t − D_p} with h_p = b_p + h_{p+1} e^{D_p − D_{p+1}}: no exponent is above 0.
void ranked_gradient(const Ranking& r, Index i, const RowView<double>& a, const RowView<double>& s, RowOut g);

}  // namespace cg
