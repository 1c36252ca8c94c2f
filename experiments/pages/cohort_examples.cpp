// SPDX-License-Identifier: Apache-2.0
#include "experiments/pages/cohort_examples.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cg {

std::vector<Index> of_evenly_spaced_ages(const CohortFile& cohort, std::size_t n, const std::set<Index>& without) {
  double youngest = std::numeric_limits<double>::infinity(), oldest = 0;
  for (Index i = 0; i < cohort.size(); ++i) {
    youngest = std::min(youngest, cohort.subject(i).age);
    oldest = std::max(oldest, cohort.subject(i).age);
  }
  std::vector<Index> out;
  for (std::size_t k = 0; k < n; ++k) {
    const double wanted = n > 1 ? std::lerp(youngest, oldest, static_cast<double>(k) / static_cast<double>(n - 1))
                                : (youngest + oldest) / 2;
    Index best = -1;
    for (Index i = 0; i < cohort.size(); ++i)
      if (!without.contains(i) && std::find(out.begin(), out.end(), i) == out.end() &&
          (best < 0 || std::abs(cohort.subject(i).age - wanted) < std::abs(cohort.subject(best).age - wanted)))
        best = i;
    if (best >= 0) out.push_back(best);
  }
  return out;
}

std::vector<Index> of_coverage(const std::vector<double>& coverage, const std::vector<double>& shares,
                               const std::set<Index>& without) {
  constexpr double near = 0.05;
  std::vector<Index> out;
  for (const double share : shares) {
    Index best = -1;
    const auto distance = [&](Index i) { return std::abs(coverage[static_cast<std::size_t>(i)] - share); };
    for (Index i = 0; i < static_cast<Index>(coverage.size()); ++i)
      if (!without.contains(i) && (best < 0 || distance(i) < distance(best))) best = i;
    if (best >= 0 && distance(best) <= near && std::find(out.begin(), out.end(), best) == out.end())
      out.push_back(best);
  }
  return out;
}

bool same_person(const Subject& a, const Subject& b) {
  constexpr double apart = 1;  // years between two scans of one person
  return a.id == b.id && std::abs(a.age - b.age) <= apart && (a.sex == b.sex || a.sex.empty() || b.sex.empty());
}

Index counterpart(const CohortFile& other, const Subject& subject) {
  Index best = 0;
  for (Index i = 0; i < other.size(); ++i) {
    if (same_person(other.subject(i), subject)) return i;
    if (std::abs(other.subject(i).age - subject.age) < std::abs(other.subject(best).age - subject.age)) best = i;
  }
  return best;
}

}  // namespace cg
