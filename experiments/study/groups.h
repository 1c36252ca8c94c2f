// SPDX-License-Identifier: Apache-2.0
// A row's errors by groups of the test subjects: decades of age, sex, and study. Read next: cells.h.
#pragma once

#include <string>
#include <vector>

#include "experiments/study/cells.h"

namespace cg {

/// The test subjects of a row that have something in common.
struct GroupResult {
  std::string by;      ///< "all", "age", "sex" or "study"
  std::string group;   ///< "all", "20-29", "F", a study's name
  Index subjects = 0;  ///< different ones, over all seeds and folds
  MeanSd mae, gap;     ///< over seeds: of the group's mean error, and of its mean predicted − true age, years
};

/// All subjects, then decades from young to old, sexes, studies by name. Sexes and studies that are not known have no
/// group. Complete seeds count alone; none: an empty list.
std::vector<GroupResult> group_results(const StudyPlan& plan, std::size_t study, std::size_t row,
                                       const std::vector<CellResult>& cells);

}  // namespace cg
