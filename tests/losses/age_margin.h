// SPDX-License-Identifier: Apache-2.0
// Age margin, a loss that extending_test.py adds to the others for a while: an anchor is pulled to the rows within a
// margin of its age and pushed from those beyond. It is right and often 0, so the tests of all losses must pass with
// it.
//
//   L = 1/n Σ_i 1/|P(i)| Σ_{k ∈ P(i)} [ log Σ_{t ∈ F(i)} e^{s_it} − s_ik ]
//
//   P(i), F(i)   the rows with |y_i − y_k| ≤ margin, and those beyond; an anchor without one of both adds 0
#pragma once

#include "losses/attraction.h"
#include "losses/similarity_loss.h"

namespace cg {

struct AgeMargin {
  static constexpr const char* name = "age_margin";
  static constexpr const char* title = "Age margin";

  struct Options {
    double margin = 5;  ///< years

    static Fields<Options> fields();
  };
  SharedLossOptions shared = {};
  Options own = {};

  struct Pairs : Attraction {
    Array log_far;  ///< [n, n] 0 for t in F(i), else −∞
  };

  InnerProduct similarity(const LossInput& /*in*/) const { return {temperature_of(*this)}; }

  Pairs pairs(const LossInput& in) const {
    check_someone_to_repel(name, in, 2);
    const Index n = in.rows();
    const Row ages = Eigen::Map<const Row>(in.ages.data(), n);
    Pairs p{{Array::Zero(n, n), {}}, Array::Zero(n, n)};
    for (Index i = 0; i < n; ++i) {
      const Row gap = (ages - ages[i]).abs();
      p.log_far.row(i) = (gap > own.margin).select(Row::Zero(n), Row::Constant(n, left_out));
      Row near = (gap <= own.margin).cast<double>();
      near[i] = 0;
      if (near.sum() == 0)
        ++p.metrics.anchors_without_weight;
      else if (!repels_none(p, i))
        p.a.row(i) = near / (near.sum() * static_cast<double>(n));
    }
    return p;
  }

  /// L_i = Σ_k a_ik [ log Σ_{t ∈ F(i)} e^{s_it} − s_ik ]
  template <class T>
  T value(const Pairs& p, Index i, const RowView<T>& s) const {
    if (repels_none(p, i)) return T(0);
    return (p.a.row(i) * (log_sum_exp<T>(s + p.log_far.row(i)) - s)).sum();
  }

  /// dL_i/ds_it = A_i π_it − a_it,   A_i = Σ_k a_ik,   π_i = softmax of s_i over F(i)
  void gradient(const Pairs& p, Index i, const RowView<double>& s, RowOut g) const {
    if (repels_none(p, i))
      g.setZero();
    else
      g = p.a.row(i).sum() * softmax(s + p.log_far.row(i)) - p.a.row(i);
  }

  static LossFormula formula(Formulation /*both*/) {
    return {.value = "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t: |y_i−y_t|>margin} e^{s_it} − s_ik ]",
            .pull = "a_ik = 1 / (n |P(i)|) for k in P(i), the rows within the margin, else 0",
            .similarity = phrases::inner_product,
            .pulls = "the rows within the margin of its age, equally",
            .pushes = "the rows beyond the margin, the more the closer they are",
            .options = {"margin"}};
  }

 private:
  bool repels_none(const Pairs& p, Index i) const { return (p.log_far.row(i) == left_out).all(); }
};

inline Fields<AgeMargin::Options> AgeMargin::Options::fields() {
  return {
      field("margin", &Options::margin, between(0, 100), "age_margin: rows within this many years pull, others push."),
  };
}
static_assert(LossType<AgeMargin>);

}  // namespace cg
