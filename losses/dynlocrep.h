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

#include "losses/pull.h"
#include "losses/similarity_loss.h"

namespace cg {

struct DynLocRep {
  static constexpr const char* name = "dynlocrep";
  LossOptions options;

  struct Pairs : Pull {
    Array log_nu;  ///< [n, n] log ν_it; −∞: t is left out
  };

  /// Rows in NN(i), i itself counted: views × NN_nb(epoch) by Algorithm 1, unless the input says how many.
  Index neighbours(const LossInput& in) const;

  Pairs pairs(const LossInput& in) const {
    Pairs p{pull(in, options, options.published() ? Normaliser::together : Normaliser::anchor),
            log_repulsion(distances(embeddings(in), options.distance), neighbours(in), options.far_decay)};
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
    return options.published() ? detach(s.maxCoeff()) : 0;
  }
};
static_assert(RowLoss<DynLocRep>);

}  // namespace cg
