// SPDX-License-Identifier: Apache-2.0
#include "experiments/cohorts/participants.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "data/dataset.h"
#include "data/files/input_file.h"
#include "data/files/utf8.h"
#include "data/formats/tsv.h"

namespace cg {
namespace {

class Reader {
 public:
  Reader(const ImportOptions& options, Exclusions& exclusions, Diagnostics& diagnostics)
      : o_(options), exclusions_(exclusions), diagnostics_(diagnostics) {}

  Participants read() {
    const bool shared = o_.table.find("{part}") == std::string::npos;
    for (std::size_t part = 0; part < (shared ? 1 : o_.parts.size()); ++part)
      diagnostics_.collect([&] {
        const std::string file = filled(o_.table, shared ? "" : o_.parts[part], "");
        const std::filesystem::path path = inside(o_.root, file);
        unit_ = age_unit(o_.root / file, o_.age_column, o_.age_unit);
        read(Table(path), file, shared && o_.parts.size() > 1 ? std::nullopt : std::optional(part));
      });
    return {std::move(people_), unit_};
  }

 private:
  void read(const Table& table, const std::string& file, std::optional<std::size_t> part) {
    const bool has_sessions = o_.files.find("{session}") != std::string::npos && table.has(o_.session_column);
    for (Index row = 0; row < table.rows(); ++row) {
      Participant p;
      p.id = table.cell(row, o_.id_column);
      if (has_sessions && !is_missing(table.cell(row, o_.session_column)))
        p.session = table.cell(row, o_.session_column);
      p.part = part;
      p.where = fmt::format("{}:{} ({})", file, table.line(row), scan_id(p.id, p.session));
      if (is_missing(p.id)) {
        diagnostics_.add(fmt::format("{}:{}: the {} is missing. Fill it in, or remove the row.", file, table.line(row),
                                     o_.id_column));
        continue;
      }
      if (exclusions_.has(p.id, p.session)) continue;
      if (!is_first(p, table)) continue;
      read_age(table.cell(row, o_.age_column), p);
      if (table.has(o_.sex_column)) read_sex(table.cell(row, o_.sex_column), p);
      p.study = study(table, row);
      people_.push_back(p);
    }
  }

  /// Whether the row can be used beside those before it.
  bool is_first(const Participant& p, const Table& table) {
    const auto [of_id, new_id] = met_.emplace(join_key(p.id), people_.size());
    const auto [of_scan, new_scan] = scans_.emplace(std::pair(of_id->first, session_key(p.session)), people_.size());
    if (new_id) return true;
    const Participant& first = people_[new_scan ? of_id->second : of_scan->second];
    const bool mixed = first.session.empty() != p.session.empty();
    if (new_scan && !mixed && first.part == p.part) return true;
    if (first.part != p.part)
      diagnostics_.add(fmt::format("{}: the participant is also in part \"{}\", {}. Keep each participant in one part.",
                                   p.where, o_.parts[*first.part], first.where));
    else if (mixed)
      diagnostics_.add(
          fmt::format("{}: the row names {} session, but {} names {}. Name the session in each row of this id.",
                      p.where, p.session.empty() ? "no" : "a", first.where, first.session.empty() ? "none" : "one"));
    else
      diagnostics_.add(fmt::format("{}: {} has the same id. {}", p.where, first.where,
                                   p.session.empty() && table.has(o_.session_column)
                                       ? "For several sessions, write {session} in --files."
                                       : "Keep one row per participant."));
    if (new_scan) scans_.erase(of_scan);  // it is not among the people
    return false;
  }

  void read_age(const std::string& cell, Participant& p) {
    p.age = std::numeric_limits<double>::quiet_NaN();
    const std::string fix = fmt::format("Correct it, or skip the participant: --exclude {}.", scan_id(p.id, p.session));
    if (is_missing(cell)) return diagnostics_.add(fmt::format("{}: the age is missing. {}", p.where, fix));
    const std::optional<Age> age = age_of(cell);
    if (!age)
      return diagnostics_.add(
          fmt::format("{}: the age is \"{}\", expected {} as a number. {}", p.where, cell, unit_.name, fix));
    const double years = unit_.years(age->years);
    if (years < 0 || years > oldest_age)
      return diagnostics_.add(
          fmt::format("{}: the age is {} {}, expected 0 to {} years. {}", p.where, cell, unit_.name, oldest_age, fix));
    p.age = years;
    p.or_more = age->or_more;
  }

  void read_sex(const std::string& cell, Participant& p) {
    if (is_missing(cell)) return;
    const std::string word = lower_case(cell);
    const auto is = [&](const std::string& wanted, std::initializer_list<const char*> usual) {
      return cell == wanted || std::find(usual.begin(), usual.end(), word) != usual.end();
    };
    if (is(o_.female, {"f", "female", "w", "woman"}))
      p.sex = "F";
    else if (is(o_.male, {"m", "male", "man"}))
      p.sex = "M";
    else if (word != "o" && word != "other")
      diagnostics_.add(
          fmt::format("{}: the sex is \"{}\", expected F or M. Say what the word means: --female {} or --male {}.",
                      p.where, cell, cell, cell));
  }

  std::string study(const Table& table, Index row) const {
    std::vector<std::string> columns = {o_.study_column};
    if (o_.study_column.empty()) columns = {"study", "site"};
    for (const std::string& column : columns)
      if (!o_.study_column.empty() || table.has(column)) {
        const std::string& cell = table.cell(row, column);
        return is_missing(cell) ? "" : cell;
      }
    return "";
  }

  const ImportOptions& o_;
  Exclusions& exclusions_;
  Diagnostics& diagnostics_;
  std::vector<Participant> people_;
  AgeUnit unit_;                                                      ///< of the last table
  std::map<std::string, std::size_t> met_;                            ///< the first row of an id, by join key
  std::map<std::pair<std::string, std::string>, std::size_t> scans_;  ///< rows by join key and session key
};

}  // namespace

std::string join_key(const std::string& id) { return id.starts_with("sub-") ? id.substr(4) : id; }

std::string session_key(const std::string& session) {
  return session.starts_with("ses-") ? session.substr(4) : session;
}

Exclusions::Exclusions(const std::vector<std::string>& ids) {
  for (const std::string& id : ids) ids_.emplace(join_key(id), Excluded{id, false});
}

bool Exclusions::has(const std::string& id, const std::string& session) {
  for (const std::string& name : {id, scan_id(id, session)})
    if (const auto at = ids_.find(join_key(name)); at != ids_.end()) return at->second.met = true;
  return false;
}

void Exclusions::report_unknown(Diagnostics& diagnostics) const {
  for (const auto& [key, excluded] : ids_)
    if (!excluded.met)
      diagnostics.add(fmt::format("--exclude: there is no participant and no scan \"{}\". Check the id.", excluded.id));
}

Participants read_participants(const ImportOptions& options, Exclusions& exclusions, Diagnostics& diagnostics) {
  return Reader(options, exclusions, diagnostics).read();
}

}  // namespace cg
