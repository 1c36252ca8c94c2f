// SPDX-License-Identifier: Apache-2.0
// Shows a cohort on one page: its subjects and its maps, as the paper shows its cohort (figures 2, 3, 7, 8, table 2).
// The page loads nothing from other places and runs no script; all text that was read is escaped. Read next:
// cohort_summary.h, cohort_examples.h.
#pragma once

#include <string>

#include "experiments/pages/cohort_summary.h"

namespace cg {

/// The page as HTML. `beside`: a second cohort whose volumes are shown beside the maps (T1-weighted images beside
/// stiffness); may be null. They are of the same person if both cohorts have that person, otherwise of the nearest age,
/// which the page then says.
std::string cohort_page(const CohortFile& cohort, const CohortSummary& summary, const CohortFile* beside);

}  // namespace cg
