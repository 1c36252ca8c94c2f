// SPDX-License-Identifier: Apache-2.0
// Shows a cohort on one page: its subjects and its maps, as the paper shows its cohort (figures 2, 3, 7, 8, table 2).
// The page loads nothing from other places and runs no script; all text that was read is escaped. Read next:
// cohort_summary.h.
#pragma once

#include <string>

#include "experiments/pages/cohort_summary.h"

namespace cg {

/// The page as HTML. `beside`: a second cohort whose volumes are shown beside the maps (T1-weighted images beside
/// stiffness); may be null. They are of the same person if both cohorts have that person, otherwise of the nearest age,
/// which the page then says.
std::string cohort_page(const CohortFile& cohort, const CohortSummary& summary, const CohortFile* beside);

/// The subjects of `cohort` with the ages nearest to `n` evenly spaced ones from the youngest to the oldest, each once.
std::vector<Index> of_evenly_spaced_ages(const CohortFile& cohort, std::size_t n);

/// The subjects with the coverage nearest to each of `shares`, each once; a share without coverage within 0.05 is
/// skipped.
std::vector<Index> of_coverage(const std::vector<double>& coverage, const std::vector<double>& shares);

/// Whether two subjects of two cohorts are the same person: the same id, ages at most one year apart, and the same sex.
/// The id alone is not enough, because different studies can use the same ids.
bool same_person(const Subject& a, const Subject& b);

/// The subject of `other` to show beside this one: the same person, or otherwise the nearest in age.
Index counterpart(const CohortFile& other, const Subject& subject);

}  // namespace cg
