// SPDX-License-Identifier: Apache-2.0
// The row-major arrays that the losses' formulas are written with, and the two functions every contrastive loss needs:
// the logarithm of a sum of exponentials and its derivative. They work on double and on Dual (dual.h).
// Read next: dual.h.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <limits>

#include "losses/dual.h"
#include "tensor/index.h"

namespace cg {

template <class T>
using ArrayOf = Eigen::Array<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using RowOf = Eigen::Array<T, 1, Eigen::Dynamic>;
template <class T>
using RowView = Eigen::Ref<const RowOf<T>>;  ///< a row of a larger array, not copied

using Array = ArrayOf<double>;
using Row = RowOf<double>;
using ArrayView = Eigen::Ref<const Array>;
using RowOut = Eigen::Ref<Row>;  ///< a row to write into

/// The logarithm of zero: marks a t that is left out of a log-sum-exp.
inline constexpr double left_out = -std::numeric_limits<double>::infinity();

/// Whether no number is NaN or infinite, without a branch for each: 0 times those is NaN, 0 times the others is 0.
inline bool all_finite(const ArrayView& x) { return (x * 0.0).sum() == 0; }

/// e^{u − top} where top is at least the largest u. What is below e^-700 of the largest is an exact 0. The vectorised
/// exponential would return tiny numbers instead, even for −∞, and would need 50 times as long for each.
template <class T>
RowOf<T> exp_below(const RowOf<T>& u, double top) {
  const auto nothing = RowOf<T>::Constant(u.size(), T(0));
  RowOf<T> e = (u < T(top - 700)).select(nothing, u - T(top));
  e = exp(e);  // by itself: inside of a select it would not be vectorised
  return (u < T(top - 700)).select(nothing, e);
}

/// A symmetric array [n, n] with a zero diagonal, from a function of two rows.
template <class T, class F>
ArrayOf<T> pairwise(Index n, const F& between) {
  ArrayOf<T> out(n, n);
  for (Index i = 0; i < n; ++i) {
    out(i, i) = T(0);
    for (Index t = 0; t < i; ++t) out(i, t) = out(t, i) = between(i, t);
  }
  return out;
}

/// log Σ_t e^{u_t}, safe for any finite u. Needs one t that is not left out.
template <class T>
T log_sum_exp(const RowOf<T>& u) {
  const double top = detach(u.maxCoeff());  // cancels exactly, so its gradient is not needed
  using std::log;
  return T(top) + log(exp_below(u, top).sum());
}

/// A row of which the anchor i is left out.
template <class T>
RowOf<T> without_anchor(Index i, RowOf<T> u) {
  u[i] = T(left_out);
  return u;
}

/// The derivative of log_sum_exp: e^{u_t} / Σ_r e^{u_r}.
inline Row softmax(const Row& u) {
  const Row e = exp_below(u, u.maxCoeff());
  return e / e.sum();
}

/// Σ_{t≠k} x_t for every k, by the sums before and after k: a difference total − x_k could lose all of its digits.
template <class T>
RowOf<T> sums_without_each(const RowOf<T>& x) {
  RowOf<T> out(x.size());
  T before(0), after(0);
  for (Index k = 0; k < x.size(); before += x[k++]) out[k] = before;
  for (Index k = x.size() - 1; k >= 0; after += x[k--]) out[k] += after;
  return out;
}

/// Where the largest entry of a row is.
template <class T>
Index where_largest(const RowOf<T>& u) {
  const T top = u.maxCoeff();
  Index at = 0;
  while (at + 1 < u.size() && u[at] < top) ++at;
  return at;
}

/// log Σ_{t≠k} e^{u_t} for every k. Needs two t that are not left out.
/// All but one k share the row's maximum; the k that is the maximum gets a separate log-sum-exp.
template <class T>
RowOf<T> log_sum_exp_without_each(const RowOf<T>& u) {
  const Index largest = where_largest<T>(u);
  const double top = detach(u[largest]);
  RowOf<T> out = T(top) + log(sums_without_each<T>(exp_below(u, top)));
  RowOf<T> others = u;
  others[largest] = T(left_out);
  out[largest] = log_sum_exp(others);
  return out;
}

/// The derivative of Σ_k a_k log Σ_{t≠k} e^{u_t}: Σ_{k≠t} a_k e^{u_t} / Σ_{r≠k} e^{u_r}.
inline Row softmax_without_each(const Row& u, const RowView<double>& a) {
  const Index largest = where_largest<double>(u);
  const Row e = exp_below(u, u[largest]);
  Row others = u;
  others[largest] = left_out;
  Row share = a / sums_without_each<double>(e);
  share[largest] = 0;  // its denominator lacks the maximum: it comes in the second term
  return e * sums_without_each<double>(share) + a[largest] * softmax(others);
}

}  // namespace cg
