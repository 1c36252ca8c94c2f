// SPDX-License-Identifier: Apache-2.0
// A loss taken apart: every number in its value and its gradient. All losses here have one form,
//
//   L = Σ_i Σ_k a_ik [ D_ik − s_ik ],       dL/ds_it = p_it − a_it,
//
// with D_ik the logarithm of a sum over the rows that i pushes away. So one function (explain_rows in
// similarity_loss.h) explains them all from what the loss itself computes: a is what it holds constant, p is its
// gradient + a, and D_ik − s_ik is its value where i pulls at k alone, with a strength of 1. Read next: loss.h.
#pragma once

#include "losses/arrays.h"
#include "losses/loss.h"

namespace cg {

/// [n, n]: anchor i in row i, the other in column t.
struct Explanation {
  LossResult result;     ///< of evaluate()
  Array distance;        ///< between embeddings, by the options' distance
  Array s;               ///< similarities s_it as the formula has them, less the row's maximum where it says so
  Row shift;             ///< [n] that maximum; empty: the formula has none
  Array w;               ///< age weights; empty: the loss knows none
  Array nu;              ///< ν_it: how much t counts in the denominator of i; empty: the loss does not select
  Array c;               ///< c_it: how often t counts there; empty: the loss does not count
  Array q;               ///< [n, d] what stands for the anchors in s: rows of nnclr's queue; empty: they themselves
  Array pull;            ///< a_it
  Array push;            ///< p_it
  Array denominator;     ///< D_ik; s_ik where a_ik is 0
  Array pulled, pushed;  ///< [n, d] forces on the embeddings (or predictions): pulled + pushed = −dL/dz

  /// What anchor i's pulls and pushes are in the value: −Σ_k a_ik s_ik and Σ_k a_ik D_ik. They add up to its row.
  double attraction(Index i) const { return -(pull.row(i) * s.row(i)).sum(); }
  double repulsion(Index i) const { return (pull.row(i) * denominator.row(i)).sum(); }
};

}  // namespace cg
