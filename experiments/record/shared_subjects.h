// SPDX-License-Identifier: Apache-2.0
// Whether weights were trained on subjects of the test part: errors on them would be too small. A model file of a run
// knows its subjects (known_subjects.h); weights from other sources do not.
#pragma once

#include <string>

#include "experiments/record/known_subjects.h"
#include "experiments/training/pretrained.h"

namespace cg {

/// Compares the subjects of the cohort's test part with those that the weights were trained on. Returns a line of text:
/// that they differ, or that the file does not name its subjects. Errors: usage, with ids, if a map is among them, or
/// an id or a person while equal ids are the same person; corrupt.
std::string check_shared_subjects(const Pretrained& weights, EqualIds equal_ids, const Cohort& cohort);

/// The subjects that a run adds to its model file: those of its cohort, and as part "pretraining" all that its weights
/// were trained on before; their ids only while equal ids are the same person. `weights`: null for random ones.
KnownSubjects with_pretraining(KnownSubjects known, const Pretrained* weights, EqualIds equal_ids);

}  // namespace cg
