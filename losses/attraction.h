// SPDX-License-Identifier: Apache-2.0
// What every loss here says of anchor i: which rows pull it and how strongly. All of them have one form,
//
//   L = Σ_i Σ_k a_ik [ D_ik − s_ik ]
//
// and differ in the pull a_ik and in D_ik, the logarithm of a sum over the rows that are pushed away (explanation.h).
// simclr.h is the simplest; in pull.h the pull comes from ages. Read next: loss.h.
#pragma once

#include "losses/loss.h"

namespace cg {

/// What a loss holds constant at least.
struct Attraction {
  Array a;  ///< [n, n] pull a_ik, zero on the diagonal, with every constant factor of the loss
  LossMetrics metrics;
};

/// Fails unless there are `needed` rows, so that no sum over the pushed ones is empty. `remedy`: besides more rows.
void check_someone_to_repel(const std::string& loss, const LossInput& in, Index needed, const std::string& remedy = "");

/// 1/n to the other view of the anchor's subject, nothing to all others. Fails unless there are two views of at least
/// two subjects.
Attraction pull_to_other_view(const std::string& loss, const LossInput& in);

}  // namespace cg
