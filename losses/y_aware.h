// SPDX-License-Identifier: Apache-2.0
// Y-Aware: a softmax over all other rows, with positives weighted by age (paper Table 1; Dufumier et al., MICCAI 2021).
//
//   L = Σ_i Σ_k a_ik [ log Σ_t e^{s_it} − s_ik ],   k ≠ i
//
//                printed (Table 1)                        published (the published code)
//   s_it         z_i·z_t / τ                              the same
//   sum over     t ≠ i, k                                 t ≠ i
//   a_ik         w_ik / Σ_t w_it                          the same / n × τ/τ_base
//
// Read next: pull.h (a), similarity_loss.h (S and the way back to z).
#pragma once

#include "losses/pull.h"
#include "losses/similarity_loss.h"

namespace cg {

struct YAware {
  static constexpr const char* name = "y_aware";
  static constexpr const char* title = "Y-Aware";

  using Options = NoOptions;
  SharedLossOptions shared = {};
  Options own = {};

  InnerProduct similarity(const LossInput& /*in*/) const { return {temperature_of(*this)}; }

  Pull pairs(const LossInput& in) const {
    check_someone_besides_k(name, in, shared);
    return pull(in, shared, temperature_of(*this), Normaliser::anchor);
  }

  /// published  L_i = Σ_k a_ik [ log Σ_t e^{s_it} − s_ik ]
  /// printed    L_i = Σ_k a_ik [ log Σ_{t≠k} e^{s_it} − s_ik ]
  template <class T>
  T value(const Pull& p, Index i, const RowView<T>& s) const {
    const RowOf<T> u = without_anchor<T>(i, s);
    if (shared.published()) return (p.a.row(i) * (log_sum_exp<T>(u) - s)).sum();
    return (p.a.row(i) * (log_sum_exp_without_each<T>(u) - s)).sum();
  }

  /// published  dL_i/ds_it = A_i π_it − a_it,   A_i = Σ_k a_ik,   π_i = softmax of s_i
  /// printed    dL_i/ds_it = Σ_{k≠t} a_ik π_it^k − a_it,   π_i^k = softmax of s_i without k
  void gradient(const Pull& p, Index i, const RowView<double>& s, RowOut g) const {
    const Row u = without_anchor<double>(i, s);
    if (shared.published())
      g = p.a.row(i).sum() * softmax(u) - p.a.row(i);
    else
      g = softmax_without_each(u, p.a.row(i)) - p.a.row(i);
  }

  static LossFormula formula(Formulation f) {
    const bool published = f == Formulation::published;
    return {.value = published ? "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i} e^{s_it} − s_ik ]"
                               : "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i,k} e^{s_it} − s_ik ]",
            .pull = published ? phrases::pull_by_anchor_mean : phrases::pull_by_anchor,
            .similarity = phrases::inner_product,
            .pulls = phrases::near_ages,
            .pushes = phrases::all_rows};
  }
};
static_assert(LossType<YAware>);

}  // namespace cg
