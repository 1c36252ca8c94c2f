// SPDX-License-Identifier: Apache-2.0
// Summarises a cohort: the subjects of each study, and the share of the brain that each map covers. These are the
// numbers of the paper's table 2 and figures 3 and 7. It also finds the maps that do not belong. Read next:
// data/outliers.h.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/cohort_h5.h"
#include "data/outliers.h"

namespace cg {

/// The summary of one study, or of all.
struct StudySummary {
  std::string name;  ///< empty: the file has no studies
  std::vector<Index> members;
  Index women = 0, men = 0;  ///< for the others, sex is not known
  double mean = 0, sd = 0;   ///< age, years; the standard deviation of a sample (n − 1)
  double youngest = 0, oldest = 0;
};

struct CohortSummary {
  std::vector<StudySummary> studies;  ///< sorted by name, numbers by value
  StudySummary all;
  std::vector<double> coverage;     ///< per map; empty if not known
  bool coverage_estimated = false;  ///< not from the file
  std::vector<Outlier> outliers;    ///< maps that differ from the cohort
};

/// Every map is read once, and `read` is called after each. If the file does not contain the coverage of stiffness
/// maps, it is estimated: the share of the voxels that hold data in at least half of the maps. For this the maps are
/// read a second time.
CohortSummary cohort_summary(const CohortFile& cohort, const std::function<void()>& read = {});

/// How many maps cohort_summary() reads.
Index cohort_summary_readings(const CohortFile& cohort);

}  // namespace cg
