// SPDX-License-Identifier: Apache-2.0
// Finished runs, wherever their folders are, as a study: rows are the options in which the runs differ, and runs that
// differ only in their seeds are one row. The numbers are those that each run wrote itself. Read next: cells.h.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/study/cells.h"

namespace cg {

/// The runs of some folders, and what was left out.
struct CollectedRuns {
  StudyResults results;              ///< of one study, whose first row is the reference; a training is a run
  std::vector<std::string> skipped;  ///< "runs/x: not finished": folders, and single seeds that another run has too
};

/// Reads the runs in these folders, in this order. `name`: of the study. A folder that is not a finished run of this
/// program, or used another cohort than the first one, is skipped. Errors: usage, if no run is left.
CollectedRuns collect_runs(const std::vector<std::filesystem::path>& folders, const std::string& name);

}  // namespace cg
