// SPDX-License-Identifier: Apache-2.0
#include "experiments/cohorts/age_unit.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "data/files/input_file.h"
#include "data/files/utf8.h"
#include "tensor/error.h"

namespace cg {
namespace {

namespace fs = std::filesystem;

constexpr Index most_bytes = 1 << 20;
constexpr const char* units_fix = "Give the unit: --age-unit years, months, weeks or days.";

struct Unit {
  const char* name;
  double per_year;
  std::array<std::string_view, 5> words;
};
constexpr std::array units = {Unit{"years", 1, {"years", "year", "yrs", "yr", "y"}},
                              Unit{"months", 12, {"months", "month", "mos", "mo", "m"}},
                              Unit{"weeks", 365.25 / 7, {"weeks", "week", "wks", "wk", "w"}},
                              Unit{"days", 365.25, {"days", "day", "ds", "d", "d"}}};

std::optional<AgeUnit> unit_named(const std::string& text) {
  const std::string word = lower_case(text);
  for (const Unit& unit : units)
    for (const std::string_view known : unit.words)
      if (word == known) return AgeUnit{unit.name, unit.per_year};
  return {};
}

/// What the file beside the table says about a column's unit; empty: nothing.
std::string stated(const fs::path& file, const std::string& column) {
  std::error_code none;
  if (!fs::exists(file, none)) return "";
  const auto json = nlohmann::json::parse(read_input(file, most_bytes), nullptr, false);
  if (!json.is_object())
    fail(ErrorKind::data, file.string(), "the file should describe the table's columns, but is not a JSON object",
         std::string("Correct the file. ") + units_fix);
  const auto described = json.find(column);
  if (described == json.end() || !described->is_object()) return "";
  const auto unit = described->find("Units");
  return unit != described->end() && unit->is_string() ? unit->get<std::string>() : "";
}

}  // namespace

double AgeUnit::years(double age) const { return per_year == 1 ? age : std::round(age / per_year * 1e6) / 1e6; }

fs::path description_of(const fs::path& table) { return fs::path(table).replace_extension(".json"); }

AgeUnit age_unit(const fs::path& table, const std::string& column, const std::string& option) {
  if (!option.empty()) {
    if (const auto unit = unit_named(option)) return *unit;
    fail(ErrorKind::usage, "--age-unit", fmt::format("\"{}\" is not a known unit", option), units_fix);
  }
  const fs::path file = description_of(table);
  const std::string unit = stated(file, column);
  if (unit.empty()) return {};
  auto known = unit_named(unit);
  if (!known)
    fail(ErrorKind::data, file.string(), fmt::format("the unit of \"{}\" is \"{}\", which is not known", column, unit),
         units_fix);
  known->from = file.filename().string();
  return *known;
}

}  // namespace cg
