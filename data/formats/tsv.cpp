// SPDX-License-Identifier: Apache-2.0
#include "data/formats/tsv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "data/files/diagnostics.h"
#include "data/files/input_file.h"
#include "data/files/utf8.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr Index most_bytes = Index{64} << 20;

/// Without the spaces around it, no-break spaces of spreadsheets included.
std::string_view trimmed(std::string_view text) {
  constexpr std::array<std::string_view, 6> spaces = {" ", "\t", "\r", "\n", "\xc2\xa0", "\xe2\x80\xaf"};
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::string_view space : spaces) {
      if (text.starts_with(space))
        text.remove_prefix(space.size());
      else if (text.ends_with(space))
        text.remove_suffix(space.size());
      else
        continue;
      changed = true;
    }
  }
  return text;
}

/// The header's characters outside of quotes.
std::string unquoted_header(std::string_view text) {
  std::string out;
  bool quoted = false;
  for (const char c : text.substr(0, text.find_first_of("\r\n"))) {
    if (c == '"')
      quoted = !quoted;
    else if (!quoted)
      out += c;
  }
  return out;
}

/// Of the separators in the header, the one that the name stands for, otherwise the most frequent. A spreadsheet whose
/// decimals have commas separates cells by semicolons, in a .csv file too.
char separator_of(std::string_view text, const std::string& name) {
  const std::string header = unquoted_header(text);
  const auto count = [&](char separator) { return std::ranges::count(header, separator); };
  const bool is_csv = lower_case(name).ends_with(".csv");
  if (count('\t') > 0 && (!is_csv || (count(',') == 0 && count(';') == 0))) return '\t';
  if (count(',') == 0 && count(';') == 0) return is_csv ? ',' : '\t';
  return count(';') > count(',') ? ';' : ',';
}

/// Excel's first line that names the separator: `sep=;`. Takes it off.
std::optional<char> named_separator(std::string_view& text) {
  const std::string_view first = text.substr(0, text.find_first_of("\r\n"));
  if (first.size() != 5 || lower_case(first.substr(0, 4)) != "sep=") return {};
  const char separator = first[4];
  text.remove_prefix(first.size());
  if (text.starts_with('\r')) text.remove_prefix(1);
  if (text.starts_with('\n')) text.remove_prefix(1);
  return separator;
}

/// Splits text into rows of cells.
class Splitter {
 public:
  Splitter(std::string_view text, char separator, Index line, const std::string& name)
      : text_(text), separator_(separator), name_(name), line_(line) {}

  bool more() const { return at_ < text_.size(); }
  Index line() const { return line_; }

  std::vector<std::string> row() {
    std::vector<std::string> cells;
    while (true) {
      cells.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted() : plain());
      if (at_ < text_.size() && text_[at_] == separator_) {
        ++at_;
        continue;
      }
      if (at_ < text_.size() && text_[at_] == '\r') ++at_;
      if (at_ < text_.size() && text_[at_] == '\n') ++at_;
      ++line_;
      return cells;
    }
  }

 private:
  bool ends() const { return text_[at_] == separator_ || text_[at_] == '\n' || text_[at_] == '\r'; }

  std::string plain() {
    const std::size_t first = at_;
    while (at_ < text_.size() && !ends()) ++at_;
    return std::string(trimmed(text_.substr(first, at_ - first)));
  }

  std::string quoted() {
    const Index opened = line_;
    std::string cell;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"' && (at_ + 1 == text_.size() || text_[at_ + 1] != '"')) {
        ++at_;
        return std::string(trimmed(cell + plain()));
      }
      if (text_[at_] == '"') ++at_;
      if (text_[at_] == '\n') ++line_;
      cell += text_[at_];
    }
    fail(ErrorKind::data, fmt::format("{}:{}", name_, opened), "a quote is not closed",
         "Close the quote, or remove it.");
  }

  std::string_view text_;
  char separator_;
  const std::string& name_;
  std::size_t at_ = 0;
  Index line_;  ///< in the file, from 1
};

void check_text(std::string_view text, const std::string& name) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff") || text.find('\0') != std::string_view::npos)
    fail(ErrorKind::data, name, "the file is not UTF-8 (perhaps UTF-16, or not text)", "Save it as UTF-8.");
  if (const std::size_t good = utf8_prefix(text); good < text.size())
    fail(ErrorKind::data, fmt::format("{}:{}", name, 1 + std::ranges::count(text.substr(0, good), '\n')),
         "the file is not UTF-8 (perhaps Latin-1)", "Save it as UTF-8.");
}

/// A number as from_chars reads it, and nothing after it.
std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

}  // namespace

Table::Table(const std::filesystem::path& path) : Table(read_input(path, most_bytes), path.string()) {}

Table::Table(std::string_view text, const std::string& name) : name_(name) {
  check_text(text, name);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // byte order mark
  const std::optional<char> named = named_separator(text);
  Splitter splitter(text, named ? *named : separator_of(text, name), named ? 2 : 1, name_);
  const Index header = splitter.line();
  columns_ = splitter.row();
  while (splitter.more()) {
    const Index line = splitter.line();
    std::vector<std::string> row = splitter.row();
    if (std::ranges::all_of(row, &std::string::empty)) continue;  // a blank line, or separators alone
    cells_.push_back(std::move(row));
    lines_.push_back(line);
  }
  drop_empty_columns();
  check(header);
}

void Table::drop_empty_columns() {
  const auto is_empty = [&](const std::vector<std::string>& row) {
    return row.size() < columns_.size() || row[columns_.size() - 1].empty();
  };
  while (columns_.size() > 1 && columns_.back().empty() && std::ranges::all_of(cells_, is_empty)) {
    for (std::vector<std::string>& row : cells_)
      if (row.size() == columns_.size()) row.pop_back();
    columns_.pop_back();
  }
}

void Table::check(Index header) const {
  Diagnostics found;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].empty()) found.add(fmt::format("line {}: column {} has no name", header, c + 1));
    const auto first = std::find(columns_.begin(), columns_.end(), columns_[c]) - columns_.begin();
    if (first < static_cast<std::ptrdiff_t>(c) && !columns_[c].empty())
      found.add(fmt::format("line {}: columns {} and {} are both named \"{}\"", header, first + 1, c + 1, columns_[c]));
  }
  if (columns_.size() == 1 && columns_[0].find("  ") != std::string::npos)
    found.add(fmt::format("line {}: the cells are separated by spaces", header));
  for (std::size_t k = 0; k < cells_.size(); ++k)
    if (cells_[k].size() != columns_.size())
      found.add(fmt::format("line {}: {} cells, expected {}", lines_[k], cells_[k].size(), columns_.size()));
  if (cells_.empty()) found.add("there are no rows after the header");
  found.report(name_, "Fix the table; cells are separated by tabs, commas or semicolons.");
}

bool Table::has(const std::string& column) const {
  return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
}

const std::string& Table::cell(Index row, const std::string& column) const {
  const auto at = std::find(columns_.begin(), columns_.end(), column);
  if (at == columns_.end()) {
    std::string all;
    for (const std::string& name : columns_) all += (all.empty() ? "" : ", ") + name;
    fail(ErrorKind::data, name_, fmt::format("there is no column \"{}\"; the columns are {}", column, all),
         "Rename a column, or name the right one on the command line.");
  }
  return cells_[static_cast<std::size_t>(row)][static_cast<std::size_t>(at - columns_.begin())];
}

bool is_missing(std::string_view cell) {
  constexpr std::array words = {"", "n/a", "na", "nan", "null", "none", "#n/a", "-", ".", "?"};
  return std::ranges::find(words, lower_case(cell)) != words.end();
}

std::optional<double> decimal(std::string_view cell) {
  std::string text(trimmed(cell));
  if (std::count(text.begin(), text.end(), ',') == 1 && text.find('.') == std::string::npos)
    std::replace(text.begin(), text.end(), ',', '.');
  return number(text.starts_with('+') && text.size() > 1 && text[1] != '-' ? text.substr(1) : text);
}

std::optional<Age> age_of(std::string_view cell) {
  cell = trimmed(cell);
  const bool or_more = cell.ends_with('+');
  if (or_more) cell.remove_suffix(1);
  const std::optional<double> years = decimal(cell);
  if (!years) return {};
  return Age{*years, or_more};
}

}  // namespace cg
