// SPDX-License-Identifier: Apache-2.0
// What all losses over a matrix of similarities share: S from z, each row of S to the loss, and the chain rule back.
// A loss itself is only what happens in one row. Read next: similarity.h, explanation.h.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>

#include "losses/explanation.h"
#include "losses/formula.h"
#include "losses/loss.h"
#include "losses/similarity.h"

namespace cg {

/// The mathematics of a loss, top to bottom of its header:
///   similarity  S of the rows that the gradient is of, and the way back from dL/dS to them
///   pairs       what it holds constant: weights, neighbours. A separate type, with the pull `a` and `metrics`
///   value       the formula: what anchor i adds, from its row of S; for double and for Dual
///   gradient    dL/dS of that row, written out in full
template <class L>
concept RowLoss = requires(const L loss, const LossInput& in, const decltype(loss.pairs(in))& pairs, Index i,
                           const RowView<double>& s, const RowView<Dual>& dual, RowOut g) {
  { loss.shared } -> std::convertible_to<SharedLossOptions>;
  { loss.similarity(in) } -> Similarity;
  { pairs.a } -> std::convertible_to<Array>;
  { pairs.metrics } -> std::convertible_to<LossMetrics>;
  { loss.template value<double>(pairs, i, s) } -> std::same_as<double>;
  { loss.template value<Dual>(pairs, i, dual) } -> std::same_as<Dual>;
  { loss.gradient(pairs, i, s, g) } -> std::same_as<void>;
};

/// What a loss holds constant has age weights `w`.
template <class Pairs>
concept HasAgeWeights = requires(const Pairs p) {
  p.w;
};

/// What a loss holds constant selects the rows that an anchor repels: log ν.
template <class Pairs>
concept SelectsRows = requires(const Pairs p) {
  p.log_nu;
};

/// A loss that configurations can name: its mathematics, its names, its options and its formulas in words. It may say
/// more: `variable(in)`, the rows that the gradient is of, where these are not the embeddings; `queue_size()`, as in
/// Loss; `conflicts(schedule)`, options that do not fit; `warnings(schedule)`, options that make no sense;
/// `shift(row)`, what its formula takes from a row of S; the constants `least_views` and `published_temperature`.
template <class L>
concept LossType = RowLoss<L> && requires(L loss, Formulation formulation) {
  { L::name } -> std::convertible_to<std::string>;
  { L::title } -> std::convertible_to<std::string>;
  { L::formula(formulation) } -> std::same_as<LossFormula>;
  { L::Options::fields() } -> std::same_as<Fields<typename L::Options>>;
  { loss.own } -> std::same_as<typename L::Options&>;
  L{loss.shared, loss.own};
};

/// The embeddings of an input as an array [n, d].
Eigen::Map<const Array> embeddings(const LossInput& in);

/// Fails unless all rows [·, d] are finite. `what`: one of them.
void check_finite(const std::string& where, const char* what, const ArrayView& rows, Index epoch);

/// Fails unless shapes agree and all numbers are finite. `where`: the loss.
void check_input(const std::string& where, const LossInput& in);

/// Fails unless value and gradient are finite.
void check_result(const std::string& where, const LossInput& in, const LossResult& result);

/// The rows [n, d] that the gradient of a loss is of: the embeddings, unless the loss names others.
template <RowLoss L>
Eigen::Map<const Array> variable_of(const L& loss, const LossInput& in) {
  if constexpr (requires { loss.variable(in); })
    return loss.variable(in);
  else
    return embeddings(in);
}

/// Value and gradient of a loss whose similarities are those of x [n, d]: of the embeddings, or of the loss's variable.
template <RowLoss L, Similarity M>
LossResult evaluate_rows(const L& loss, const M& similarity, const ArrayView& x, const LossInput& in) {
  const auto pairs = loss.pairs(in);
  const Array s = similarity.template of<double>(x);
  Array g(x.rows(), x.rows());
  LossResult out;
  for (Index i = 0; i < x.rows(); ++i) {
    out.rows.push_back(loss.template value<double>(pairs, i, s.row(i)));
    out.value += out.rows.back();
    loss.gradient(pairs, i, s.row(i), g.row(i));
  }
  out.gradient.resize(static_cast<std::size_t>(x.size()));
  Eigen::Map<Array>(out.gradient.data(), x.rows(), x.cols()) = similarity.gradient(x, s, g);
  out.metrics = pairs.metrics;
  check_result(std::string("loss.") + L::name, in, out);
  return out;
}

/// e^u, and 0 for what is left out.
inline Array exp_or_zero(const Array& u) { return (u == left_out).select(0.0, exp(u)); }

/// The same taken apart. O(n³): for batches to look at.
template <RowLoss L, Similarity M>
Explanation explain_rows(const L& loss, const M& similarity, const ArrayView& x, const LossInput& in) {
  const Index n = x.rows();
  auto pairs = loss.pairs(in);
  Explanation e;
  e.result = evaluate_rows(loss, similarity, x, in);
  e.distance = distances(embeddings(in), loss.shared.distance);
  e.s = similarity.template of<double>(x);
  if constexpr (HasAgeWeights<decltype(pairs)>) e.w = pairs.w;
  if constexpr (SelectsRows<decltype(pairs)>) e.nu = exp_or_zero(pairs.log_nu);
  if constexpr (requires { pairs.log_c; }) e.c = exp_or_zero(pairs.log_c);
  if constexpr (requires { similarity.q; }) e.q = similarity.q;
  e.pull = pairs.a;
  e.push.resize(n, n);
  for (Index i = 0; i < n; ++i) loss.gradient(pairs, i, e.s.row(i), e.push.row(i));
  e.push += e.pull;
  e.pulled = similarity.gradient(x, e.s, e.pull);
  e.pushed = -similarity.gradient(x, e.s, e.push);
  if constexpr (requires { loss.template shift<double>(e.s.row(0)); }) {
    if (loss.shared.published()) e.shift.resize(n);
    for (Index i = 0; i < e.shift.size(); ++i) {
      e.shift[i] = loss.template shift<double>(e.s.row(i));
      e.s.row(i) -= e.shift[i];  // in this row the loss finds a maximum of 0, and so the same value
    }
  }
  e.denominator = e.s;
  for (Index i = 0; i < n; ++i)
    for (Index k = 0; k < n; ++k) {
      if (e.pull(i, k) == 0) continue;
      pairs.a.row(i).setZero();
      pairs.a(i, k) = 1;
      e.denominator(i, k) += loss.template value<double>(pairs, i, e.s.row(i));
    }
  return e;
}

/// A loss as training sees it.
template <LossType L>
class SimilarityLoss final : public Loss {
 public:
  explicit SimilarityLoss(L loss) : loss_(std::move(loss)) {}

  LossResult evaluate(const LossInput& in) const override {
    check_input(std::string("loss.") + L::name, in);
    const auto similarity = loss_.similarity(in);
    return evaluate_rows(loss_, similarity, variable_of(loss_, in), in);
  }
  Explanation explain(const LossInput& in) const override {
    check_input(std::string("loss.") + L::name, in);
    const auto similarity = loss_.similarity(in);
    return explain_rows(loss_, similarity, variable_of(loss_, in), in);
  }
  Index queue_size() const override {
    if constexpr (requires { loss_.queue_size(); })
      return loss_.queue_size();
    else
      return 0;
  }

 private:
  L loss_;
};

/// A loss by its type: make_loss<Threshold>({.sigma = 8}, {.delta_reduction = DeltaReduction::mean}).
template <LossType L>
std::unique_ptr<Loss> make_loss(const SharedLossOptions& shared = {}, const typename L::Options& own = {}) {
  return std::make_unique<SimilarityLoss<L>>(L{shared, own});
}

}  // namespace cg
