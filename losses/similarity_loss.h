// What all losses over a matrix of similarities share: S from z, each row of S to the loss, and the chain rule back.
// A loss itself is only what happens in one row. Read next: dynlocrep.h, exponential.h, y_aware.h.
#pragma once

#include <concepts>
#include <string>
#include <utility>

#include "losses/explanation.h"
#include "losses/loss.h"
#include "losses/similarity.h"

namespace cg {

/// What a loss has to say, top to bottom of its header:
///   pairs     what it holds constant: weights, neighbours. A type of its own, with `LossMetrics metrics` in it.
///   value     the formula: what anchor i adds, from its row of S; for double and for Dual
///   gradient  dL/dS of that row, all of it written
template <class L>
concept RowLoss = requires(const L loss, const LossInput& in, const decltype(loss.pairs(in))& pairs, Index i,
                           const RowView<double>& s, const RowView<Dual>& dual, RowOut g) {
  { L::name } -> std::convertible_to<std::string>;
  { pairs.metrics } -> std::convertible_to<LossMetrics>;
  { loss.template value<double>(pairs, i, s) } -> std::same_as<double>;
  { loss.template value<Dual>(pairs, i, dual) } -> std::same_as<Dual>;
  { loss.gradient(pairs, i, s, g) } -> std::same_as<void>;
};

/// The embeddings of an input as an array [n, d].
Eigen::Map<const Array> embeddings(const LossInput& in);

/// Fails unless all rows [·, d] are finite. `what`: one of them.
void check_finite(const std::string& where, const char* what, const ArrayView& rows, Index epoch);

/// Fails unless shapes agree and all numbers are finite. `where`: the loss.
void check_input(const std::string& where, const LossInput& in);

/// Fails unless value and gradient are finite.
void check_result(const std::string& where, const LossInput& in, const LossResult& result);

/// Value and gradient of a loss whose similarities are those of x [n, d]: of the embeddings, or what stands for them.
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
  e.distance = distances(embeddings(in), loss.options.distance);
  e.s = similarity.template of<double>(x);
  if constexpr (requires { pairs.w; }) e.w = pairs.w;
  if constexpr (requires { pairs.log_nu; }) e.nu = exp_or_zero(pairs.log_nu);
  if constexpr (requires { pairs.log_c; }) e.c = exp_or_zero(pairs.log_c);
  if constexpr (requires { similarity.q; }) e.q = similarity.q;
  e.pull = pairs.a;
  e.push.resize(n, n);
  for (Index i = 0; i < n; ++i) loss.gradient(pairs, i, e.s.row(i), e.push.row(i));
  e.push += e.pull;
  e.pulled = similarity.gradient(x, e.s, e.pull);
  e.pushed = -similarity.gradient(x, e.s, e.push);
  if constexpr (requires { loss.template shift<double>(e.s.row(0)); }) {
    if (loss.options.published()) e.shift.resize(n);
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

template <RowLoss L, Similarity M = InnerProduct>
class SimilarityLoss final : public Loss {
 public:
  SimilarityLoss(L loss, M similarity) : loss_(std::move(loss)), similarity_(std::move(similarity)) {}

  LossResult evaluate(const LossInput& in) const override {
    check_input(std::string("loss.") + L::name, in);
    return evaluate_rows(loss_, similarity_, embeddings(in), in);
  }
  Explanation explain(const LossInput& in) const override {
    check_input(std::string("loss.") + L::name, in);
    return explain_rows(loss_, similarity_, embeddings(in), in);
  }

 private:
  L loss_;
  M similarity_;
};

}  // namespace cg
