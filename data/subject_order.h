// In which order an epoch sees its subjects.
#pragma once

#include <vector>

#include "data/dataset.h"
#include "tensor/random.h"

namespace cg {

enum class SubjectOrder {
  shuffled,        ///< each subject once, in random order
  study_balanced,  ///< as many draws, dealt out to the studies in equal shares
};

/// As many subjects as there are in `subjects`, drawn by `random`. Balanced: studies in turn, in a new random order
/// each round; a study gives its subjects in random order and starts again, shuffled anew, when all of them were seen.
/// So small studies' subjects come several times an epoch, and some of a large one's do not; in the long run every
/// study weighs the same. Subjects without a study make one together.
std::vector<Index> epoch_order(const std::vector<Index>& subjects, const Dataset& dataset, SubjectOrder order,
                               Random& random);

}  // namespace cg
