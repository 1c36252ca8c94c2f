// A cohort on one page: who is in it and what its maps look like, as the paper shows its own (figures 2, 3, 7, 8, table
// 2). Nothing is loaded from elsewhere, no script runs, everything read is escaped. Read next: cohort_summary.h.
#pragma once

#include <string>

#include "experiments/pages/cohort_summary.h"

namespace cg {

/// The page as HTML. `beside`: a second cohort whose volumes stand beside the maps (T1-weighted images beside
/// stiffness), of the same person where both have one, else, and said so, of the nearest age; may be null.
std::string cohort_page(const CohortFile& cohort, const CohortSummary& summary, const CohortFile* beside);

/// The numbers of `cohort` whose ages are nearest to `n` evenly spaced ones from the youngest to the oldest, each once.
std::vector<Index> of_evenly_spaced_ages(const CohortFile& cohort, std::size_t n);

/// The numbers whose coverage is nearest to each of `shares`, each once; none where the nearest is not within 0.05.
std::vector<Index> of_coverage(const std::vector<double>& coverage, const std::vector<double>& shares);

/// Whether two cohorts' subjects are one person: the same id, ages at most a year apart, and no other sex. Ids alone
/// say nothing where each study counts its own.
bool same_person(const Subject& a, const Subject& b);

/// The subject of `other` that stands beside this one: the same person, or else the nearest in age.
Index counterpart(const CohortFile& other, const Subject& subject);

}  // namespace cg
