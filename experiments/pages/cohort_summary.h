// Who is in a cohort, study by study, and how much of the brain each map covers: the numbers of the paper's table 2 and
// figures 3 and 7.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/cohort_h5.h"

namespace cg {

/// Of one study, or of all.
struct StudySummary {
  std::string name;  ///< empty: the file has no studies
  std::vector<Index> members;
  Index women = 0, men = 0;  ///< the others' sex is not known
  double mean = 0, sd = 0;   ///< age, years; the standard deviation of a sample (n − 1)
  double youngest = 0, oldest = 0;
};

struct CohortSummary {
  std::vector<StudySummary> studies;  ///< by name, numbers by size
  StudySummary all;
  std::vector<double> coverage;     ///< of each map; empty where it is not known
  bool coverage_estimated = false;  ///< not from the file
};

/// Where the file does not say the coverage of stiffness maps, it is estimated: the share of the voxels that hold data
/// in at least half of the maps; the maps are read twice for it, and `read` is told of each.
CohortSummary cohort_summary(const CohortFile& cohort, const std::function<void()>& read = {});

}  // namespace cg
