// SPDX-License-Identifier: Apache-2.0
// The section about the cohort: its studies (the paper's table 2), ages (figure 3), coverage (figure 7), and planes of
// some maps (figures 2 and 8). The numbers are those of show_cohort. Read next: experiments/pages/cohort_summary.h.
#pragma once

#include "experiments/pages/histogram.h"
#include "experiments/report/report.h"
#include "experiments/study/cells.h"

namespace cg {

/// Stacked bars; the colours are those of groups.
Picture histogram_picture(const Histogram& histogram);

/// Reads the cohort's file, if it is still there.
Section cohort_section(const StudyResults& results);

}  // namespace cg
