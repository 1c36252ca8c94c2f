// SPDX-License-Identifier: Apache-2.0
// Which subjects are for training and which are for testing: shuffled folds, the same as the published split.
#pragma once

#include <vector>

#include "tensor/index.h"

namespace cg {

struct Split {
  std::vector<Index> train, test;  ///< both ascending
};

/// Part `fold` of `folds` is the test part, after a shuffle by `seed`. The same as scikit-learn's KFold(folds,
/// shuffle=True, random_state=seed), whose numbers come from the Mersenne Twister. The first n mod folds parts have one
/// subject more.
/// Errors (usage): more folds than subjects, fewer than 2, no such fold.
Split split_folds(Index n, Index folds, Index fold, std::uint32_t seed);

}  // namespace cg
