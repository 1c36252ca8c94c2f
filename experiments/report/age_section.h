// SPDX-License-Identifier: Apache-2.0
// The section about predicted ages: those of one row against the true ages, and the gap by age. Read next: age_plots.h.
#pragma once

#include <optional>

#include "experiments/report/age_plots.h"
#include "experiments/report/report.h"
#include "experiments/study/cells.h"

namespace cg {

/// The row that the report shows in detail: of the first study that has one, the reference row if it is complete for
/// any seed, otherwise the first row that is.
struct MainRow {
  std::size_t study = 0, row = 0;
  std::string label;
};
/// Nothing if no row is complete.
std::optional<MainRow> main_row(const StudyResults& results);

/// The row's test subjects over its seeds and folds, in the order of their ages.
std::vector<SubjectPrediction> predictions_of(const StudyResults& results, const MainRow& row);

Section age_section(const StudyResults& results);

}  // namespace cg
