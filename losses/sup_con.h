// SPDX-License-Identifier: Apache-2.0
// SupCon: an anchor is pulled to all others of its class and pushed from all others (Khosla et al., "Supervised
// contrastive learning", NeurIPS 2020, L_out, eq. 2). Ages have no classes, so they are put into bins: 39.9 and 40.1
// years are as different as 20 and 80.
//
//   L = 1/m Σ_i 1/|P(i)| Σ_{k ∈ P(i)} [ log Σ_t e^{s_it} − s_ik ] × τ/τ_base,   t ≠ i
//
//   s_it         z_i·z_t / τ
//   P(i)         the others in i's bin, ⌊y/bin_width⌋; a bin_width of 0: those of exactly its age
//   m            how many anchors have one; the others add 0
//   a_ik         1/(m |P(i)|) × τ/τ_base for k in P(i), else 0
//
// Printed and published formula are the same except for the factor.
// Read next: attraction.h (a), similarity_loss.h (S and the way back to z), y_aware.h (a weight instead of a class).
#pragma once

#include "losses/attraction.h"
#include "losses/similarity_loss.h"

namespace cg {

struct SupCon {
  static constexpr const char* name = "sup_con";
  static constexpr const char* title = "SupCon";

  struct Options {
    double bin_width = 10;  ///< years

    static Fields<Options> fields();
  };
  SharedLossOptions shared = {};
  Options own = {};

  InnerProduct similarity(const LossInput& /*in*/) const { return {temperature_of(*this)}; }

  Attraction pairs(const LossInput& in) const {
    check_someone_to_repel(name, in, 2);
    Row bins = Eigen::Map<const Row>(in.ages.data(), in.rows());
    if (own.bin_width > 0) bins = floor(bins / own.bin_width);
    Attraction p{Array::Zero(in.rows(), in.rows()), {}};
    for (Index i = 0; i < in.rows(); ++i) {
      p.a.row(i) = (bins == bins[i]).cast<double>();
      p.a(i, i) = 0;
      const double positives = p.a.row(i).sum();
      if (positives > 0)
        p.a.row(i) /= positives;
      else
        ++p.metrics.anchors_without_weight;
    }
    const Index with_positive = in.rows() - p.metrics.anchors_without_weight;
    if (with_positive > 0) p.a *= temperature_of(*this) / shared.base_temperature / static_cast<double>(with_positive);
    return p;
  }

  /// L_i = Σ_k a_ik [ log Σ_t e^{s_it} − s_ik ]
  template <class T>
  T value(const Attraction& p, Index i, const RowView<T>& s) const {
    return (p.a.row(i) * (log_sum_exp<T>(without_anchor<T>(i, s)) - s)).sum();
  }

  /// dL_i/ds_it = A_i π_it − a_it,   A_i = Σ_k a_ik,   π_i = softmax of s_i
  void gradient(const Attraction& p, Index i, const RowView<double>& s, RowOut g) const {
    g = p.a.row(i).sum() * softmax(without_anchor<double>(i, s)) - p.a.row(i);
  }

  static LossFormula formula(Formulation /*both*/) {
    return {.value = "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i} e^{s_it} − s_ik ]",
            .pull = "a_ik = 1 / (m |P(i)|) × τ/τ_base for k in the same bin of ages, else 0",
            .similarity = phrases::inner_product,
            .pulls = "those of its bin of ages, equally",
            .pushes = phrases::all_rows,
            .options = {"bin_width"}};
  }
};

inline Fields<SupCon::Options> SupCon::Options::fields() {
  return {
      field("bin_width", &Options::bin_width, at_least(0),
            "sup_con: width in years of the bins that count as one age; 0: only equal ages are."),
  };
}
static_assert(LossType<SupCon>);

}  // namespace cg
