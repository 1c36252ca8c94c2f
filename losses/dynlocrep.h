// SPDX-License-Identifier: Apache-2.0
// DynLocRep: contrastive regression with dynamic localised repulsion (paper eq. 3 and Algorithm 1; A.1, eq. 4).
//
//   L = Σ_i Σ_k a_ik [ log Σ_t ν_it e^{u_it} − s_ik ],   k ≠ i, t ≠ i
//
//                printed (eq. 3)                          published (the published code)
//   s_it         z_i·z_t / τ                              the same, minus its row's maximum, held constant
//   u_it         s_it (1 − w_it)                          the same, of the shifted s: this changes the value
//   a_ik         w_ik / Σ_t w_it                          w_ik / Σ_jt w_jt × τ/τ_base
//   ν_it         1 for t in NN(i), else 0; with a finite far_decay (e_i/d_it)^λ for the others (neighbours.h)
//
// Anchor i is pulled to rows of its age, all of them, and pushed from its nearest rows in the embedding, the less the
// nearer their age. Shift, weights and neighbours are constants: no gradient flows through them.
// Read next: pull.h (a, w), neighbours.h (ν), similarity_loss.h (S and the way back to z).
#pragma once

#include <limits>
#include <vector>

#include "losses/pull.h"
#include "losses/similarity_loss.h"

namespace cg {

struct DynLocRep {
  static constexpr const char* name = "dynlocrep";
  static constexpr const char* title = "DynLocRep";

  struct Options {
    Index final_neighbours = 14;  ///< subjects
    Index step_size = 1;          ///< epochs; 0: every row is a neighbour
    double far_decay = std::numeric_limits<double>::infinity();
    ShortBatch short_batch = ShortBatch::localise;

    static Fields<Options> fields();
  };
  SharedLossOptions shared = {};
  Options own = {};

  struct Pairs : Pull {
    Array log_nu;  ///< [n, n] log ν_it; −∞: t is left out
  };

  /// Rows in NN(i), i itself counted: views × NN_nb(epoch) by Algorithm 1, unless the input says how many.
  Index neighbours(const LossInput& in) const;

  InnerProduct similarity(const LossInput& /*in*/) const { return {temperature_of(*this)}; }

  Pairs pairs(const LossInput& in) const {
    Pairs p{pull(in, shared, temperature_of(*this), shared.published() ? Normaliser::together : Normaliser::anchor),
            log_repulsion(distances(embeddings(in), shared.distance), neighbours(in), own.far_decay)};
    p.metrics.neighbours = neighbours(in);
    return p;
  }

  /// L_i = Σ_k a_ik [ log Σ_t ν_it e^{u_it} − s_ik ]
  template <class T>
  T value(const Pairs& p, Index i, const RowView<T>& row) const {
    const RowOf<T> s = row - T(shift<T>(row));
    const RowOf<T> u = s * (1 - p.w.row(i)) + p.log_nu.row(i);
    return (p.a.row(i) * (log_sum_exp<T>(u) - s)).sum();
  }

  /// dL_i/ds_it = A_i π_it (1 − w_it) − a_it,   A_i = Σ_k a_ik,   π_i = softmax of u_i + log ν_i
  void gradient(const Pairs& p, Index i, const RowView<double>& row, RowOut g) const {
    const Row u = (row - shift<double>(row)) * (1 - p.w.row(i)) + p.log_nu.row(i);
    g = p.a.row(i).sum() * softmax(u) * (1 - p.w.row(i)) - p.a.row(i);
  }

  /// What is taken from s: in the published formulation the maximum over all t, i among them.
  template <class T>
  double shift(const RowView<T>& s) const {
    return shared.published() ? detach(s.maxCoeff()) : 0;
  }

  /// More neighbours than a batch has subjects; fewer than two steps of Algorithm 1.
  std::vector<LossConflict> conflicts(const LossSchedule& schedule) const;
  /// Every epoch has the same number of neighbours.
  std::vector<std::string> warnings(const LossSchedule& schedule) const;

  static LossFormula formula(Formulation f) {
    const bool published = f == Formulation::published;
    return {.value = "L = Σ_i Σ_{k≠i} a_ik [ log Σ_{t≠i} ν_it e^{s_it (1 − w_it)} − s_ik ]",
            .pull = published ? "a_ik = w_ik / Σ_j Σ_{t≠j} w_jt × τ/τ_base" : phrases::pull_by_anchor,
            .similarity = published ? phrases::shifted : phrases::inner_product,
            .pulls = phrases::near_ages,
            .pushes = "its nearest in the embedding (ν = 1), fewer each epoch, and the less the nearer their age"};
  }
};

inline Fields<DynLocRep::Options> DynLocRep::Options::fields() {
  using O = Options;
  return {
      field(
          "final_neighbours", &O::final_neighbours, at_least(1),
          "dynlocrep: subjects that an anchor repels at the end, itself counted; at the start it is the whole batch."),
      field("step_size", &O::step_size, at_least(0),
            "dynlocrep: epochs between two steps of the number of neighbours; 0, as in the configurations that the "
            "published repositories ship: no neighbourhood, all rows repel as in the exponential loss."),
      field("far_decay", &O::far_decay, at_least(0),
            "dynlocrep: exponent lambda of the weight of rows outside the neighbourhood; inf leaves them out, 0 "
            "treats them as neighbours."),
      field("short_batch", &O::short_batch, {"localise", "whole"},
            "dynlocrep: a batch of fewer than 32 subjects repels its neighbours by Algorithm 1 for its own size, or "
            "all other rows as in the published code."),
  };
}
static_assert(LossType<DynLocRep>);

}  // namespace cg
