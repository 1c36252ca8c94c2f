// SPDX-License-Identifier: Apache-2.0
// Batches to look at a loss with: made from a list of ages, or read from a file of embeddings.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "experiments/teaching/loss_cases.h"

namespace cg {

/// How generated embeddings are arranged.
struct Arrangement {
  Index views = 1;
  Index width = 2;  ///< 2: on the circle
  /// Standard deviation, in each direction, from the common direction (1, 0, …) before rows are divided by their
  /// lengths; the smaller, the more crowded. Infinite: every direction is equally likely.
  double spread = std::numeric_limits<double>::infinity();
  std::uint64_t seed = 0;
};

/// Rows of length 1 in random directions, and for each further view of a subject one close to its first. With
/// predictions, each its own embedding, and a queue of eight rows in random directions for nnclr.
LossCase make_example(const LossOptions& options, std::span<const double> subject_ages, const Arrangement& arrangement);

/// The dataset [n, d] of a file as embeddings, with `ages` [n] or, if none are given, the file's own from `ages` or
/// `age`; `rows`: their number, 0: all. Predictions and queue as above if the file has none.
/// Errors: data, for shapes that disagree.
LossCase read_example(const LossOptions& options, const std::string& path, const std::string& dataset,
                      std::span<const double> ages, Index views, Index rows);

/// Rows divided by their lengths.
void normalise_rows(std::span<double> z, Index width);

}  // namespace cg
