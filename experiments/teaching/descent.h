// SPDX-License-Identifier: Apache-2.0
// Embeddings that move by themselves, without a network: gradient descent on the sphere. Each step goes along the force
// −dL/dz without its part along z, as the gradient of a normalised embedding has none, and returns to length 1.
#pragma once

#include <span>
#include <vector>

#include "experiments/teaching/loss_cases.h"
#include "losses/arrays.h"

namespace cg {

/// Forces [n, d] without what points along z [n, d], whose rows have length 1.
Array tangential(const Array& force, const ArrayView& z);

/// The embeddings at the beginning of each of `epochs` (ascending, from 1), which are what `start` is at the first. The
/// predictions are the embeddings themselves; the first view's rows enter the queue after every step and the oldest
/// leave. The rate makes the first step 0.02 long on average, whatever the loss's scale; no step is longer than 0.1.
std::vector<LossCase> descend(const LossCase& start, std::span<const Index> epochs);

}  // namespace cg
