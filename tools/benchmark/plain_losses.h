// SPDX-License-Identifier: Apache-2.0
// The losses whose printed formula costs O(n³), written literally: a sum over t for each pair (i, k). They show what
// the rankings and prefixes of losses/ save (tools/benchmark/loss_benchmark.h), and tests compare the fast losses with
// them.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>

#include "losses/all.h"

namespace cg::plain_loops {

/// log Σ_t e^{s(t)} over the t < n with `in_sum(t)`; −∞ if there are none.
template <class S, class InSum>
double log_sum_exp(Index n, const S& s, const InSum& in_sum) {
  double top = left_out, sum = 0;
  for (Index t = 0; t < n; ++t)
    if (in_sum(t)) top = std::max(top, s(t));
  for (Index t = 0; t < n; ++t)
    if (in_sum(t)) sum += std::exp(s(t) - top);
  return top + std::log(sum);
}

/// Σ_i Σ_k term(i, k), k ≠ i.
template <class Term>
double over_pairs(Index n, const Term& term) {
  double sum = 0;
  for (Index i = 0; i < n; ++i)
    for (Index k = 0; k < n; ++k)
      if (k != i) sum += term(i, k);
  return sum;
}

/// y_aware and exponential as printed: the sum over t excludes i and k.
inline double without_k(const Array& s, const Array& w, bool exponential) {
  const Index n = s.rows();
  const Row weights = w.rowwise().sum() - w.matrix().diagonal().array();
  return over_pairs(n, [&](Index i, Index k) {
    const auto u = [&](Index t) { return exponential ? s(i, t) * (1 - w(i, t)) : s(i, t); };
    if (weights[i] == 0) return 0.0;
    return w(i, k) / weights[i] * (log_sum_exp(n, u, [&](Index t) { return t != i && t != k; }) - s(i, k));
  });
}

/// threshold as printed.
inline double threshold_paper(const Array& s, const Array& w) {
  const Index n = s.rows();
  return over_pairs(n, [&](Index i, Index k) {
    const auto farther = [&](Index t) { return t != i && w(i, t) < w(i, k); };
    double weights = 0;
    for (Index t = 0; t < n; ++t)
      if (farther(t)) weights += w(i, t);
    if (weights == 0) return 0.0;
    return w(i, k) / weights *
           (log_sum_exp(
                n, [&](Index t) { return s(i, t); }, farther) -
            s(i, k));
  });
}

/// threshold as in the published code, without its scale: the count of comparisons runs over all (i, t, j).
inline double threshold_reference(const Array& s, const Array& w) {
  const Index n = s.rows();
  double sum = 0;
  for (Index i = 0; i < n; ++i) {
    Row count = Row::Zero(n);
    double weights = 0, pulled = 0;
    for (Index t = 0; t < n; ++t) {
      if (t == i) continue;
      for (Index j = 0; j < n; ++j) count[t] += w(t, j) < w(t, i);
      weights += w(i, t);
      pulled += w(i, t) * s(i, t);
    }
    const auto u = [&](Index t) { return s(i, t) + std::log(count[t]); };
    if (weights > 0 && count.maxCoeff() > 0)
      sum += log_sum_exp(n, u, [&](Index t) { return count[t] > 0; }) - pulled / weights;
  }
  return sum / static_cast<double>(n);
}

/// rank_n_contrast as printed; `s` from distances.
inline double rank_n_contrast(const Array& s, std::span<const double> ages) {
  const Index n = s.rows();
  const auto apart = [&](Index i, Index t) {
    return std::abs(ages[static_cast<std::size_t>(i)] - ages[static_cast<std::size_t>(t)]);
  };
  return over_pairs(n, [&](Index i, Index k) {
    const auto as_far = [&](Index t) { return t != i && apart(i, t) >= apart(i, k); };
    return log_sum_exp(
               n, [&](Index t) { return s(i, t); }, as_far) -
           s(i, k);
  });
}

/// The value of a loss by the loops of its formula; no value for losses whose formula is O(n²) as printed.
inline std::optional<double> value(const LossOptions& options, const LossInput& in) {
  const SharedLossOptions& o = options.shared;
  const double temperature = *with_published_values(options).shared.temperature;
  const auto is = [&](const char* name) { return options.name == name; };
  const bool printed = o.formulation == Formulation::printed;
  const Array w = age_weights(
      o.kernel, o.sigma, in.ages,
      is(Threshold::name) && !printed ? options.own.of<Threshold>().weight_precision : WeightPrecision::float64);
  if (is(RankNContrast::name)) {
    const double pairs = static_cast<double>(in.rows() * (in.rows() - 1));
    return rank_n_contrast(NegativeDistance{temperature}.of<double>(embeddings(in)), in.ages) / (printed ? 1 : pairs);
  }
  const auto s = [&] { return InnerProduct{temperature}.of<double>(embeddings(in)); };
  if (is(Threshold::name) && printed) return threshold_paper(s(), w);
  if (is(Threshold::name)) return threshold_reference(s(), w) * temperature / o.base_temperature;
  if ((is(YAware::name) || is(Exponential::name)) && printed) return without_k(s(), w, is(Exponential::name));
  return std::nullopt;
}

}  // namespace cg::plain_loops
