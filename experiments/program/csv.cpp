// SPDX-License-Identifier: Apache-2.0
#include "experiments/program/csv.h"

#include <fmt/format.h>

#include <cmath>

namespace cg {

std::string csv_number(double value) { return std::isnan(value) ? "" : fmt::format("{:.10g}", value); }

std::string csv_text(const std::string& text) {
  std::string cell;
  if (!text.empty() && std::string("=+-@\t\r").find(text[0]) != std::string::npos) cell = "'";
  bool quote = false;
  for (const char c : text) {
    quote = quote || c == ',' || c == '"';
    if (c == '"') cell += '"';
    cell += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return quote ? '"' + cell + '"' : cell;
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i ? "," : "") + cells[i];
  return line + "\n";
}

}  // namespace cg
