// SPDX-License-Identifier: Apache-2.0
// Tables of participants: tab-separated (BIDS's participants.tsv) or, if the name ends in .csv, comma-separated.
// Accepts what laboratories and spreadsheets write: a byte order mark, both line ends, quoted cells, decimal commas.
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
  /// quote, two columns with one name, a row with more or fewer cells than columns, no rows.
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
  std::string name_;
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> cells_;
  std::vector<Index> lines_;
};

/// Whether a cell means that there is no value: empty, n/a, NA, NaN, null, none.
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
