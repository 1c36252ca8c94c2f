// SPDX-License-Identifier: Apache-2.0
// Exponential: all other rows are repelled, the less the nearer their age (paper Table 1; Barbano et al., ISBI 2023).
//
//   L = Σ_i Σ_k a_ik [ log Σ_t e^{u_it} − s_ik ],   k ≠ i
//
//                printed (Table 1)                        published (the published code)
//   s_it         z_i·z_t / τ                              the same, minus its row's maximum, held constant
//   u_it         s_it (1 − w_it)                          the same, of the shifted s: this changes the value
//   sum over     t ≠ i, k                                 t ≠ i
//   a_ik         w_ik / Σ_t w_it                          the same / n × τ/τ_base
//
// Read next: pull.h (a, w), similarity_loss.h (S and the way back to z), dynlocrep.h (repels only near rows).
#pragma once

#include "losses/pull.h"
#include "losses/similarity_loss.h"

namespace cg {

struct Exponential {
  static constexpr const char* name = "exponential";
  static constexpr const char* title = "Exponential";

  using Options = NoOptions;
  SharedLossOptions shared = {};
  Options own = {};

  InnerProduct similarity(const LossInput& /*in*/) const { return {temperature_of(*this)}; }

  Pull pairs(const LossInput& in) const {
    check_someone_besides_k(name, in, shared);
    return pull(in, shared, temperature_of(*this), Normaliser::anchor);
  }

  /// published  L_i = Σ_k a_ik [ log Σ_t e^{u_it} − s_ik ]
  /// printed    L_i = Σ_k a_ik [ log Σ_{t≠k} e^{u_it} − s_ik ]
  template <class T>
  T value(const Pull& p, Index i, const RowView<T>& row) const {
    const RowOf<T> s = row - T(shift<T>(row));
    const RowOf<T> u = repulsion<T>(p, i, s);
    if (shared.published()) return (p.a.row(i) * (log_sum_exp<T>(u) - s)).sum();
    return (p.a.row(i) * (log_sum_exp_without_each<T>(u) - s)).sum();
  }

  /// published  dL_i/ds_it = A_i π_it (1 − w_it) − a_it,   A_i = Σ_k a_ik,   π_i = softmax of u_i
  /// printed    dL_i/ds_it = Σ_{k≠t} a_ik π_it^k (1 − w_it) − a_it,   π_i^k = softmax of u_i without k
  void gradient(const Pull& p, Index i, const RowView<double>& row, RowOut g) const {
    const Row u = repulsion<double>(p, i, row - shift<double>(row));
    const Row push = shared.published() ? Row(p.a.row(i).sum() * softmax(u)) : softmax_without_each(u, p.a.row(i));
    g = push * (1 - p.w.row(i)) - p.a.row(i);
  }

  /// What is taken from s: in the published formulation the maximum over all t, i among them.
  template <class T>
  double shift(const RowView<T>& s) const {
    return shared.published() ? detach(s.maxCoeff()) : 0;
  }

  static LossFormula formula(Formulation f) {
    const bool published = f == Formulation::published;
    return {.value = published ? "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i} e^{s_it (1 − w_it)} − s_ik ]"
                               : "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i,k} e^{s_it (1 − w_it)} − s_ik ]",
            .pull = published ? phrases::pull_by_anchor_mean : phrases::pull_by_anchor,
            .similarity = published ? phrases::shifted : phrases::inner_product,
            .pulls = phrases::near_ages,
            .pushes = phrases::less_if_alike};
  }

 private:
  /// u_i, without the anchor.
  template <class T>
  RowOf<T> repulsion(const Pull& p, Index i, const RowOf<T>& s) const {
    return without_anchor<T>(i, s * (1 - p.w.row(i)));
  }
};
static_assert(LossType<Exponential>);

}  // namespace cg
