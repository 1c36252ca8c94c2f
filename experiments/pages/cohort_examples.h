// SPDX-License-Identifier: Apache-2.0
// Which subjects of a cohort its page shows as examples, and which subjects of another cohort beside them.
#pragma once

#include <set>
#include <vector>

#include "data/cohort_h5.h"

namespace cg {

/// The subjects of `cohort` with the ages nearest to `n` evenly spaced ones from the youngest to the oldest, each once.
/// Subjects in `without` are not chosen.
std::vector<Index> of_evenly_spaced_ages(const CohortFile& cohort, std::size_t n, const std::set<Index>& without = {});

/// The subjects with the coverage nearest to each of `shares`, each once; a share without coverage within 0.05 is
/// skipped.
std::vector<Index> of_coverage(const std::vector<double>& coverage, const std::vector<double>& shares,
                               const std::set<Index>& without = {});

/// Whether two subjects of two cohorts are the same person: the same id, ages at most one year apart, and the same sex.
/// The id alone is not enough, because different studies can use the same ids.
bool same_person(const Subject& a, const Subject& b);

/// The subject of `other` to show beside this one: the same person, or otherwise the nearest in age.
Index counterpart(const CohortFile& other, const Subject& subject);

}  // namespace cg
