// SPDX-License-Identifier: Apache-2.0
// Which subjects are for training, for validation and for testing. The published split goes by the rows of the file.
// All others depend on the subjects' ids alone, and keep all scans of a person in one part. Read next: dataset.h.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace cg {

struct Split {
  std::vector<Index> train, validation, test;  ///< all ascending; validation may be empty
};

/// Part `fold` of `folds` is the test part, after a shuffle of 0 … n − 1 by `seed`. The same as scikit-learn's
/// KFold(folds, shuffle=True, random_state=seed), whose numbers come from the Mersenne Twister. The first n mod folds
/// parts have one subject more.
/// Errors (usage): more folds than subjects, fewer than 2, no such fold.
Split split_folds(Index n, Index folds, Index fold, std::uint32_t seed);

/// What every part of a split should have in the same shares.
struct Strata {
  bool age = false, study = false;
};

/// Persons in folds, drawn from the seed; fold number `fold` is the test part. With strata, one of every `folds`
/// persons next to each other in study and age is in each fold. Errors (usage): as split_folds, with persons instead of
/// subjects.
Split split_persons(const Dataset& dataset, Index folds, Index fold, std::uint64_t seed, const Strata& strata);

/// Subjects by a value of theirs [n]: those with a value in `test` or `validation` are in that part, the others train.
/// Errors (usage): a listed value that no subject has; a part without subjects.
Split split_by_values(const std::vector<std::string>& values, const std::vector<std::string>& test,
                      const std::vector<std::string>& validation);

/// The subjects with these ids are the test part, the others train. Errors (usage): an id that no subject has, or that
/// is there twice.
Split split_by_ids(const Dataset& dataset, const std::vector<std::string>& test);

/// Moves this share of the training part's persons to the validation part, drawn from the seed; with strata, in equal
/// shares of study and age. Errors (usage): fewer than one person would move, or all.
void hold_out_validation(Split& split, const Dataset& dataset, double share, std::uint64_t seed, const Strata& strata);

/// Errors (usage): a person with scans in more than one part.
void check_persons(const Split& split, const Dataset& dataset);

}  // namespace cg
