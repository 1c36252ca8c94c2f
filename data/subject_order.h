// SPDX-License-Identifier: Apache-2.0
// The order of the subjects in an epoch.
#pragma once

#include <vector>

#include "data/dataset.h"
#include "tensor/random.h"

namespace cg {

enum class SubjectOrder {
  shuffled,        ///< each subject once, in random order
  study_balanced,  ///< the same number of draws, in equal shares from the studies
};

/// As many subjects as `subjects` has, drawn by `random`. Balanced: the studies take turns, in a new random order in
/// each round. A study gives its subjects in random order. After its last subject it starts again in a new order. So
/// subjects of a small study come several times in an epoch, and some of a large study do not come. Over many epochs
/// all studies have the same weight. Subjects without a study form one study.
std::vector<Index> epoch_order(const std::vector<Index>& subjects, const Dataset& dataset, SubjectOrder order,
                               Random& random);

}  // namespace cg
