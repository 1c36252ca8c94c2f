// SPDX-License-Identifier: Apache-2.0
// Threshold: an anchor is pulled to k and pushed from those farther in age than k (paper Table 1; Barbano et al.,
// ISBI 2023).
//
//   printed (Table 1)            L = Σ_i Σ_k a_ik [ log Σ_t e^{s_it} − s_ik ]          t: w_it < w_ik
//   published (published code)   L = Σ_i Σ_k a_ik [ log Σ_t c_it e^{s_it} − s_ik ]     all t ≠ i
//
//                printed                                  published
//   s_it         z_i·z_t / τ                              the same
//   a_ik         w_ik / Σ_{t: w_it < w_ik} w_it           w_ik / Σ_t w_it / n × τ/τ_base
//   c_it                                                  #{j: w_tj < w_ti}, divided by n if delta_reduction = mean
//   adds 0       a k without rows to repel                an anchor whose c_it are all 0 (the published code: ∞)
//
// The paper divides by the weights of far ages, which are nearly 0. With rbf, σ = 2 and ages in two clusters a_ik
// exceeds 10^100, so training with it is refused where one exceeds 10^6. The published code sums over j after comparing
// whole rows, and compares row t, not row i: c counts the j that are farther from *t* than i is: many where t is near.
// So the nearest in age are pushed most, and all k share one denominator. Which weights are equal depends on the type
// of the ages there: with weight_precision = float32 (rbf, σ = 2) all pairs 29 years apart and more have the weight 0,
// and none of them is compared as farther than another. Read next: ranking.h (the sums in O(n) an anchor), pull.h (w),
// similarity_loss.h (S and the way back to z).
#pragma once

#include "losses/pull.h"
#include "losses/ranking.h"
#include "losses/similarity_loss.h"

namespace cg {

/// How the published formulation reduces its comparisons to a count.
enum class DeltaReduction { sum, mean };

struct Threshold {
  static constexpr const char* name = "threshold";
  static constexpr const char* title = "Threshold";

  struct Options {
    DeltaReduction delta_reduction = DeltaReduction::sum;
    WeightPrecision weight_precision = WeightPrecision::float64;

    static Fields<Options> fields();
  };
  SharedLossOptions shared = {};
  Options own = {};

  struct Pairs : Pull {
    Ranking ranking;  ///< by w, the farthest first; reach: how many are farther than k
    Array log_c;      ///< published: [n, n] log c_it; −∞: t is not repelled
  };

  InnerProduct similarity(const LossInput& /*in*/) const { return {temperature_of(*this)}; }

  Pairs pairs(const LossInput& in) const;

  /// published  L_i = Σ_k a_ik [ log Σ_t c_it e^{s_it} − s_ik ]
  /// printed    L_i = Σ_k a_ik [ D_ik − s_ik ],   D_ik = log Σ_t e^{s_it} over all t farther than k
  template <class T>
  T value(const Pairs& p, Index i, const RowView<T>& s) const {
    if (!shared.published()) return ranked_value<T>(p.ranking, i, p.a.row(i), s);
    if (repels_none(p, i)) return T(0);
    return (p.a.row(i) * (log_sum_exp<T>(s + p.log_c.row(i)) - s)).sum();
  }

  /// published  dL_i/ds_it = A_i π_it − a_it,   A_i = Σ_k a_ik,   π_i = softmax of s_i + log c_i
  /// printed    dL_i/ds_it = Σ_k a_ik e^{s_it − D_ik} − a_it,   over all k nearer in age than t
  void gradient(const Pairs& p, Index i, const RowView<double>& s, RowOut g) const {
    if (!shared.published())
      ranked_gradient(p.ranking, i, p.a.row(i), s, g);
    else if (repels_none(p, i))
      g.setZero();
    else
      g = p.a.row(i).sum() * softmax(s + p.log_c.row(i)) - p.a.row(i);
  }

  static LossFormula formula(Formulation f) {
    if (f == Formulation::printed)
      return {
          .value = "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t: w_it<w_ik} e^{s_it} − s_ik ]",
          .pull = "a_ik = w_ik / Σ_{t: w_it<w_ik} w_it",
          .similarity = phrases::inner_product,
          .pulls = "all other rows, more strongly the nearer their age and the less the weight of rows farther away",
          .pushes = "for each k that it pulls those farther in age than k"};
    return {.value = "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i} c_it e^{s_it} − s_ik ],   c_it = #{j: w_tj < w_ti}",
            .pull = phrases::pull_by_anchor_mean,
            .similarity = phrases::inner_product,
            .pulls = phrases::near_ages,
            .pushes = "all other rows, each as often (c) as there are rows farther from it in age than the anchor",
            .options = {"delta_reduction", "weight_precision"}};
  }

 private:
  bool repels_none(const Pairs& p, Index i) const { return (p.log_c.row(i) == left_out).all(); }
  void divide_by_the_far(const LossInput& in, Pairs& p) const;  // a as printed
  void count_comparisons(Pairs& p) const;                       // c as published
};

inline Fields<Threshold::Options> Threshold::Options::fields() {
  return {
      field("delta_reduction", &Options::delta_reduction, {"sum", "mean"},
            "threshold, published: whether c_it counts the comparisons or is their share of the rows; a constant in "
            "the value, nothing in the gradient."),
      field(
          "weight_precision", &Options::weight_precision, {"float64", "float32"},
          "threshold, published: the type of the age weights that are compared. The published code has float32 if its "
          "ages are whole numbers or float32: with rbf and sigma 2, pairs 29 years apart and more then tie at 0.")
          .implied("float64"),
  };
}
static_assert(LossType<Threshold>);

}  // namespace cg
