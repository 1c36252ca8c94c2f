// SPDX-License-Identifier: Apache-2.0
// Rank-N-Contrast: an anchor is pulled to all others, and for each of them pushed from all whose age is at least as far
// (paper Table 1; Zha et al., NeurIPS 2023). No weights: only the order of the ages counts.
//
//   L = Σ_i Σ_k a_ik [ log Σ_t e^{s_it} − s_ik ],   k ≠ i
//
//                printed (Table 1)                        published (the published code)
//   s_it         −‖z_i − z_t‖ / τ                         the same, τ = 2
//   sum over     t ≠ i with |y_i − y_t| ≥ |y_i − y_k|     the same, k is among them
//   a_ik         1                                        1 / (n (n − 1))
//
// Read next: ranking.h, similarity.h.
#pragma once

#include "losses/attraction.h"
#include "losses/ranking.h"
#include "losses/similarity_loss.h"

namespace cg {

struct RankNContrast {
  static constexpr const char* name = "rank_n_contrast";
  static constexpr const char* title = "Rank-N-Contrast";
  static constexpr double published_temperature = 2;

  using Options = NoOptions;
  SharedLossOptions shared = {};
  Options own = {};

  struct Pairs : Attraction {
    Ranking ranking;
  };

  NegativeDistance similarity(const LossInput& /*in*/) const { return {temperature_of(*this)}; }

  Pairs pairs(const LossInput& in) const {
    check_someone_to_repel(name, in, 2);
    const Index n = in.rows();
    Pairs p{{Array::Constant(n, n, shared.published() ? 1 / static_cast<double>(n * (n - 1)) : 1), {}},
            rank_by_age(in.ages, age_closeness(in.ages), Compared::at_least_as_far)};
    p.a.matrix().diagonal().setZero();
    return p;
  }

  /// L_i = Σ_k a_ik [ D_ik − s_ik ],   D_ik = log Σ_t e^{s_it} over all t at least as far in age as k
  template <class T>
  T value(const Pairs& p, Index i, const RowView<T>& s) const {
    return ranked_value<T>(p.ranking, i, p.a.row(i), s);
  }

  /// dL_i/ds_it = Σ_k a_ik e^{s_it − D_ik} − a_it,   over all k at most as far in age as t
  void gradient(const Pairs& p, Index i, const RowView<double>& s, RowOut g) const {
    ranked_gradient(p.ranking, i, p.a.row(i), s, g);
  }

  static LossFormula formula(Formulation f) {
    return {.value = "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t: |y_i−y_t| ≥ |y_i−y_k|} e^{s_it} − s_ik ]",
            .pull = f == Formulation::published ? "a_ik = 1 / (n (n − 1))" : "a_ik = 1",
            .similarity = phrases::negative_distance,
            .pulls = "all other rows, equally",
            .pushes = "for each k that it pulls those at least as far in age as k"};
  }
};
static_assert(LossType<RankNContrast>);

}  // namespace cg
