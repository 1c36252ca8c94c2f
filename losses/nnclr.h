// SPDX-License-Identifier: Apache-2.0
// NNCLR: an anchor is replaced by its nearest neighbour among earlier embeddings, to which the prediction of its other
// view is pulled, and from which those of all others are pushed (Dwibedi et al., "With a little help from my friends",
// ICCV 2021, eq. 3, symmetrised over the two views).
//
//   L = 1/n Σ_i [ log Σ_k e^{s_ik} − s_i,pair(i) ],   k in the other view than i
//
//   s_ik         q_i·p_k / τ
//   q_i          the row of the queue with the largest q·z_i, the first of equals: a choice, no gradient flows through
//   p_k          the prediction made from z_k (layers/prediction_head.h): dL/dp is the gradient of this loss
//   a_ik         1/n for k = pair(i), else 0
//
// Printed and published formula are the same. Ages play no part. Read next: attraction.h, similarity_loss.h.
#pragma once

#include "losses/attraction.h"
#include "losses/similarity_loss.h"

namespace cg {

/// s_ik = q_i·p_k / τ between rows q [n, d] that are held constant and p [n, d].
struct ToConstantRows {
  Array q;
  double temperature = 0.1;  ///< τ

  template <class T>
  ArrayOf<T> of(const Eigen::Ref<const ArrayOf<T>>& p) const {
    ArrayOf<T> s(q.rows(), p.rows());
    s.matrix().noalias() = q.cast<T>().matrix() * p.matrix().transpose();
    return s / T(temperature);
  }

  /// dL/dp = Gᵀ q / τ
  Array gradient(const ArrayView& /*p*/, const Array& /*s*/, const Array& g) const {
    return (g.matrix().transpose() * q.matrix()).array() / temperature;
  }
};
static_assert(Similarity<ToConstantRows>);

/// q [n, d]: for each row of z [n, d] the row of `queue` [q, d] with the largest inner product, the first of equals.
Array nearest_rows(const ArrayView& z, const ArrayView& queue);

struct Nnclr {
  static constexpr const char* name = "nnclr";
  static constexpr const char* title = "NNCLR";
  static constexpr Index least_views = 2;

  struct Options {
    Index queue_size = 256;  ///< rows

    static Fields<Options> fields();
  };
  SharedLossOptions shared = {};
  Options own = {};

  Index queue_size() const { return own.queue_size; }

  /// The predictions.
  Eigen::Map<const Array> variable(const LossInput& in) const;

  /// The constant rows q_i. Fails without predictions of z's shape, and without rows in the queue.
  ToConstantRows similarity(const LossInput& in) const;

  Attraction pairs(const LossInput& in) const { return pull_to_other_view(name, in); }

  /// L_i = Σ_k a_ik [ log Σ_t e^{s_it} − s_ik ],   t in the other view: one k
  template <class T>
  T value(const Attraction& p, Index i, const RowView<T>& s) const {
    return (p.a.row(i) * (log_sum_exp<T>(without_own_view<T>(i, s)) - s)).sum();
  }

  /// dL_i/ds_it = A_i π_it − a_it,   A_i = Σ_k a_ik,   π_i = softmax of s_i over the other view
  void gradient(const Attraction& p, Index i, const RowView<double>& s, RowOut g) const {
    g = p.a.row(i).sum() * softmax(without_own_view<double>(i, s)) - p.a.row(i);
  }

  static LossFormula formula(Formulation /*both*/) {
    return {.value = "L = Σ_i Σ_{k≠i} a_ik [ log Σ_t e^{s_it} − s_ik ],   t in the other view",
            .pull = phrases::pull_to_other_view,
            .similarity = "s_it = q_i·p_t / τ,   q_i the nearest of a queue of earlier embeddings, p the predictions",
            .pulls = "its subject's other view, towards a neighbour from the past",
            .pushes = "the other view of all others: ages play no part"};
  }

 private:
  template <class T>
  RowOf<T> without_own_view(Index i, RowOf<T> u) const {
    const Index batch = u.size() / 2;
    u.segment(i < batch ? 0 : batch, batch) = T(left_out);
    return u;
  }
};

inline Fields<Nnclr::Options> Nnclr::Options::fields() {
  return {
      field("queue_size", &Options::queue_size, between(1, 1e6),
            "nnclr: earlier embeddings among which an anchor's nearest neighbour is looked for."),
  };
}
static_assert(LossType<Nnclr>);

}  // namespace cg
