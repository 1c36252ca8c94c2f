// SPDX-License-Identifier: Apache-2.0
// Tables of participants, with cells separated by tabs (BIDS's participants.tsv), commas or semicolons: the header
// shows which, and the ending of the name counts only if it shows several. Accepts what laboratories and spreadsheets
// write: a byte order mark, a line `sep=;`, all line ends, quoted cells, decimal commas, empty rows and empty last
// columns.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/index.h"

namespace cg {

class Table {
 public:
  /// Errors (data), all problems together with their lines: not a plain file, larger than 64 MB, not UTF-8, an unclosed
  /// quote, a column with cells but without a name, two columns with one name, a row with more or fewer cells than
  /// columns, cells separated by spaces, no rows.
  explicit Table(const std::filesystem::path& path);
  Table(std::string_view text, const std::string& name);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& columns() const { return columns_; }
  Index rows() const { return static_cast<Index>(cells_.size()); }
  bool has(const std::string& column) const;
  /// A cell without the spaces around it. Errors (data): no such column; the message lists the columns.
  const std::string& cell(Index row, const std::string& column) const;
  Index line(Index row) const { return lines_[static_cast<std::size_t>(row)]; }  ///< in the file, from 1

 private:
  void drop_empty_columns();  ///< at the end, without a name and without cells
  void check(Index header) const;

  std::string name_;
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> cells_;
  std::vector<Index> lines_;
};

/// Whether a cell means that there is no value: empty, n/a, NA, NaN, null, none, -, a dot, ?.
bool is_missing(std::string_view cell);

/// A decimal number with a point or a comma. No value for any other text, infinity and NaN included.
std::optional<double> decimal(std::string_view cell);

/// An age in years. BIDS hides the highest ages: "89+" counts as 89.
struct Age {
  double years;
  bool or_more;  ///< the cell had "+"
};
std::optional<Age> age_of(std::string_view cell);

}  // namespace cg
