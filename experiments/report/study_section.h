// SPDX-License-Identifier: Apache-2.0
// The section of one study: its rows as a table with the paper's numbers beside ours, the dots of the seeds, and the
// differences to the reference row. Read next: experiments/study/cells.h, row_plots.h.
#pragma once

#include "experiments/report/report.h"
#include "experiments/study/cells.h"

namespace cg {

/// The test MAE of each seed of a row that is complete in all folds, over the subjects of all folds. Seeds ascend.
std::vector<double> mae_by_seed(const StudyResults& results, std::size_t study, std::size_t row);

Section study_section(const StudyResults& results, std::size_t study);

}  // namespace cg
