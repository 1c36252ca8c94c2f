// SPDX-License-Identifier: Apache-2.0
// How well embeddings are ordered by age, as one number that does not depend on where on the sphere they are.
#pragma once

#include <span>

#include "experiments/teaching/loss_cases.h"

namespace cg {

/// The middle of the widest gap between two neighbouring ages (years), which separates two groups; at least one age.
double largest_gap(std::span<const double> ages);

/// Rank correlation (Spearman) between difference in age and Euclidean distance of embeddings, over all pairs of rows
/// of different ages above `from` and up to `to` (years). 1: of two pairs, the one farther apart in age is always
/// farther apart in the embedding; about 0: random embeddings. NaN if these ages have fewer than two different
/// differences.
double order_by_age(const LossCase& example, double from, double to);

}  // namespace cg
