// SPDX-License-Identifier: Apache-2.0
// The report of a study: all sections in the paper's order, as a page, as LaTeX tables, and as pictures. Read next:
// report.h (what a report is), study_section.h (the section of a table), report_page.h (the page).
#pragma once

#include <filesystem>

#include "experiments/report/report.h"
#include "experiments/study/cells.h"

namespace cg {

/// Reads the run folders of the finished trainings, the cohort, and `folder`/saliency. Errors: corrupt, of a run
/// folder.
Report make_report(const StudyResults& results, const std::filesystem::path& folder);

/// The head of the report, and its list of the paper's items with links to the sections that it has.
void describe(Report& report, const StudyResults& results);

/// Writes report.html, results.tex, and every figure as figures/<name>.svg and .png. The same results give the same
/// bytes. Errors: as make_report; storage.
void write_report(const StudyResults& results, const std::filesystem::path& folder);

}  // namespace cg
