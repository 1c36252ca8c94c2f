// SPDX-License-Identifier: Apache-2.0
// SimCLR: an anchor is pulled to its subject's other view and pushed from all others; ages play no part (NT-Xent;
// Chen et al., "A simple framework for contrastive learning of visual representations", ICML 2020, eq. 1).
//
//   L = 1/n Σ_i [ log Σ_t e^{s_it} − s_i,pair(i) ],   t ≠ i
//
//   s_it         z_i·z_t / τ
//   pair(i)      the same subject in the other view: row i + n/2 or i − n/2
//   a_ik         1/n for k = pair(i), else 0
//
// Printed and published formula are the same. With equal views s_i,pair(i) = 1/τ cannot grow: only the push is left.
// Read next: attraction.h (a), similarity_loss.h (S and the way back to z).
#pragma once

#include "losses/attraction.h"
#include "losses/similarity_loss.h"

namespace cg {

struct SimClr {
  static constexpr const char* name = "simclr";
  static constexpr const char* title = "SimCLR";
  static constexpr Index least_views = 2;

  using Options = NoOptions;
  SharedLossOptions shared = {};
  Options own = {};

  InnerProduct similarity(const LossInput& /*in*/) const { return {temperature_of(*this)}; }

  Attraction pairs(const LossInput& in) const { return pull_to_other_view(name, in); }

  /// L_i = Σ_k a_ik [ log Σ_t e^{s_it} − s_ik ]: one k
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
            .pull = phrases::pull_to_other_view,
            .similarity = phrases::inner_product,
            .pulls = "its subject's other view alone",
            .pushes = "all other rows, more strongly the closer they are, also those of its age: ages play no part"};
  }
};
static_assert(LossType<SimClr>);

}  // namespace cg
