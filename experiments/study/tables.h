// SPDX-License-Identifier: Apache-2.0
// The numbers of a study as text and as CSV. What columns and lines mean: docs/studies.md. Read next: cells.h,
// groups.h.
#pragma once

#include <string>
#include <vector>

#include "experiments/study/cells.h"

namespace cg {

/// results.csv: one line per cell.
std::string results_csv(const StudyPlan& plan, const std::vector<CellResult>& cells);

/// results_groups.csv: one line per row and group of test subjects.
std::string groups_csv(const StudyPlan& plan, const std::vector<CellResult>& cells);

/// "protocol: k_fold (…); selection: none".
std::string protocol_line(const Study& study);

/// The row with the lowest validation error; null without a validation part.
const RowResult* chosen_row(const std::vector<RowResult>& rows);

/// The rows as a table in text, with the paper's numbers beside them. With a validation part, the row that it chooses
/// is named: the test part has no say in that.
std::string study_table(const StudyPlan& plan, std::size_t study, const std::vector<RowResult>& rows);

/// The reference row by groups of test subjects; empty if it has no complete seed.
std::string groups_table(const StudyPlan& plan, std::size_t study, const std::vector<RowResult>& rows,
                         const std::vector<CellResult>& cells);

}  // namespace cg
