// SPDX-License-Identifier: Apache-2.0
#include "data/formats/tsv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "data/files/diagnostics.h"
#include "data/files/input_file.h"
#include "data/files/utf8.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr Index most_bytes = Index{64} << 20;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

/// A spreadsheet whose decimals have commas separates cells by semicolons in a .csv file.
char separator_of(std::string_view text, const std::string& name) {
  if (!name.ends_with(".csv")) return '\t';
  const std::string_view header = text.substr(0, text.find('\n'));
  return header.find(';') != std::string_view::npos && header.find(',') == std::string_view::npos ? ';' : ',';
}

/// Splits text into rows of cells.
class Splitter {
 public:
  Splitter(std::string_view text, char separator, const std::string& name)
      : text_(text), separator_(separator), name_(name) {}

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
  Index line_ = 1;
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
  Splitter splitter(text, separator_of(text, name), name_);
  columns_ = splitter.row();
  Diagnostics found;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].empty()) found.add(fmt::format("line 1: column {} has no name", c + 1));
    const auto first = std::find(columns_.begin(), columns_.end(), columns_[c]) - columns_.begin();
    if (first < static_cast<std::ptrdiff_t>(c) && !columns_[c].empty())
      found.add(fmt::format("line 1: columns {} and {} are both named \"{}\"", first + 1, c + 1, columns_[c]));
  }
  while (splitter.more()) {
    const Index line = splitter.line();
    std::vector<std::string> row = splitter.row();
    if (row.size() == 1 && row[0].empty()) continue;  // a blank line
    if (row.size() != columns_.size())
      found.add(fmt::format("line {}: {} cells, expected {}", line, row.size(), columns_.size()));
    cells_.push_back(std::move(row));
    lines_.push_back(line);
  }
  if (cells_.empty()) found.add("there are no rows after the header");
  found.report(name, "Fix the table; cells are separated by tabs (.tsv) or commas (.csv).");
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
  std::string lower(cell);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* word : {"", "n/a", "na", "nan", "null", "none", "#n/a"})
    if (lower == word) return true;
  return false;
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
