// SPDX-License-Identifier: Apache-2.0
// Batches to look at a loss with: made from a list of ages, or read from a file of embeddings.
#pragma once

#include <span>
#include <string>

#include "experiments/teaching/loss_cases.h"

namespace cg {

/// Rows of length 1 in random directions, and for each further view of a subject one close to its first; `width` 2: on
/// the circle. With predictions, each its own embedding, and a random queue of eight rows for nnclr.
LossCase make_example(const LossOptions& options, std::span<const double> subject_ages, Index views, Index width,
                      std::uint64_t seed);

/// The dataset [n, d] of a file as embeddings, with `ages` [n] or, if none are given, the file's own from `ages` or
/// `age`; `rows`: their number, 0: all. Predictions and queue as above if the file has none.
/// Errors: data, for shapes that disagree.
LossCase read_example(const LossOptions& options, const std::string& path, const std::string& dataset,
                      std::span<const double> ages, Index views, Index rows);

/// Rows divided by their lengths.
void normalise_rows(std::span<double> z, Index width);

}  // namespace cg
