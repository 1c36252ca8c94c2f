// SPDX-License-Identifier: Apache-2.0
// Cells of the tables that a run writes, safe to open in a spreadsheet.
#pragma once

#include <string>
#include <vector>

namespace cg {

/// A number with ten significant digits; empty for NaN, which means: not measured.
std::string csv_number(double value);

/// Text as a cell. A text that starts with = + - @ gets a ' in front, so that a spreadsheet does not evaluate it;
/// control bytes become spaces; commas and quotes are quoted (RFC 4180).
std::string csv_text(const std::string& text);

/// The cells as one line.
std::string csv_line(const std::vector<std::string>& cells);

}  // namespace cg
