// SPDX-License-Identifier: Apache-2.0
// The section of one study: its rows as a table with the paper's numbers beside ours, the dots of the seeds, and the
// differences to the reference row. Read next: experiments/study/cells.h, row_plots.h.
#pragma once

#include "experiments/report/report.h"
#include "experiments/study/cells.h"

namespace cg {

Section study_section(const StudyResults& results, std::size_t study);

}  // namespace cg
