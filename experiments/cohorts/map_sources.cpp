// SPDX-License-Identifier: Apache-2.0
#include "experiments/cohorts/map_sources.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "data/files/input_file.h"
#include "data/formats/npy.h"
#include "experiments/cohorts/id_pattern.h"
#include "experiments/cohorts/near_file.h"

namespace cg {
namespace {

namespace fs = std::filesystem;

class Finder {
 public:
  Finder(const ImportOptions& options, const std::vector<Participant>& people, Exclusions& exclusions,
         Diagnostics& diagnostics)
      : o_(options), people_(people), exclusions_(exclusions), diagnostics_(diagnostics) {
    for (std::size_t k = 0; k < std::max<std::size_t>(o_.parts.size(), 1); ++k)
      available_.push_back(o_.files.empty() ? rows_of_stack(k) : files(k));
  }

  std::vector<MapSource> find(std::vector<std::string>& left_out) {
    std::vector<MapSource> out;
    if (nothing_fits()) return out;
    std::map<std::string, MapSource> firsts;  // of each participant, in any row
    for (const Participant& person : people_) {
      const std::vector<MapSource> sources = maps_of(person);
      const bool in_two_parts = !sources.empty() && !in_one_part(sources, firsts);
      const bool excluded = person.session.empty() && excluded_.contains(join_key(person.id));  // all of its maps
      if (sources.empty() && !excluded && o_.allow_missing) left_out.push_back(scan_id(person.id, person.session));
      if (sources.empty() && !excluded && !o_.allow_missing) report_missing(person);
      if (!in_two_parts) out.insert(out.end(), sources.begin(), sources.end());
    }
    if (!o_.allow_unused && !people_.empty()) report_unused();  // if the table cannot be read, all maps would be unused
    std::erase_if(out, [](const MapSource& source) { return source.file.empty(); });  // reported already
    for (MapSource& source : out) add_mask(source);
    return out;
  }

 private:
  using Sources = std::map<std::pair<std::string, std::string>, MapSource>;  // by join key and session key

  static std::pair<std::string, std::string> key_of(const Participant& p) {
    return {join_key(p.id), session_key(p.session)};
  }

  /// Whether no map of the participant is in another part than its first one. Reports it otherwise.
  bool in_one_part(const std::vector<MapSource>& sources, std::map<std::string, MapSource>& firsts) {
    const Participant& person = sources.front().participant;
    const MapSource& first = firsts.emplace(join_key(person.id), sources.front()).first->second;
    for (const MapSource& source : sources) {
      if (source.participant.part == first.participant.part) continue;
      diagnostics_.add(fmt::format(
          "{}: there are maps in part \"{}\" and in part \"{}\" ({}, {}). Keep each participant in one "
          "part.",
          person.where, name(*first.participant.part), name(*source.participant.part), first.where, source.where));
      return false;
    }
    return true;
  }

  /// One per part, and per session if the row does not name one.
  std::vector<MapSource> maps_of(const Participant& person) const {
    std::vector<MapSource> out;
    for (std::size_t part = 0; part < available_.size(); ++part) {
      if (person.part && *person.part != part) continue;
      for (auto at = available_[part].lower_bound({join_key(person.id), ""});
           at != available_[part].end() && at->first.first == join_key(person.id); ++at) {
        if (!person.session.empty() && at->first.second != session_key(person.session)) continue;
        out.push_back(at->second);
        const std::string session = at->second.participant.session;
        out.back().participant = person;
        out.back().participant.session = session;
        out.back().participant.part = part;
      }
    }
    return out;
  }

  /// Reports once, not for each participant, that the pattern finds nothing.
  bool nothing_fits() {
    if (o_.files.empty() || people_.empty() || !diagnostics_.empty() || !excluded_.empty()) return false;
    for (const Sources& sources : available_)
      if (!sources.empty()) return false;
    const std::optional<NearFile> near = near_file(o_.root, people_, o_.files);
    diagnostics_.add(
        fmt::format("no file fits --files '{}', for none of {} participants. {}", o_.files, people_.size(),
                    near ? fmt::format("There is {}: --files '{}' finds such files.", near->file, near->pattern)
                         : "Below the folder there is no NIfTI or .npy file whose name contains a participant's id."));
    return true;
  }

  std::string name(std::size_t part) const { return o_.parts.empty() ? "" : o_.parts[part]; }

  bool is_excluded(const std::string& id, const std::string& session) {
    if (!exclusions_.has(id, session)) return false;
    excluded_.insert(join_key(id));
    return true;
  }

  Sources files(std::size_t part) {
    Sources out;
    if (!diagnostics_.collect([&] { inside(o_.root, o_.files); })) return out;
    for (const PatternMatch& match : matching_files(o_.root, filled(o_.files, name(part), "{participant_id}"))) {
      if (is_excluded(match.id, match.session)) continue;
      MapSource source;
      source.participant.id = match.id;
      source.participant.session = match.session;
      source.where = match.file;
      if (!diagnostics_.collect([&] { source.file = inside(o_.root, match.file); })) source.file.clear();
      if (const auto [at, fresh] = out.emplace(key_of(source.participant), source); !fresh)
        diagnostics_.add(fmt::format("{}: {} belongs to the same participant{}. Keep one of them{}.", match.file,
                                     at->second.where, match.session.empty() ? "" : " and session",
                                     match.session.empty() ? ", or write {session} in --files" : ""));
    }
    return out;
  }

  Sources rows_of_stack(std::size_t part) {
    Sources out;
    const std::string stack = filled(o_.stack, name(part), ""), ids = filled(o_.ids, name(part), "");
    diagnostics_.collect([&] {
      const fs::path path = inside(o_.root, stack);
      const NpyFile maps(path);
      const std::vector<std::string> all = NpyFile(inside(o_.root, ids)).texts();
      const Index rows = maps.shape().empty() ? 0 : maps.shape()[0];
      if (rows != static_cast<Index>(all.size()))
        fail(ErrorKind::data, ids,
             fmt::format("{} ids, expected one for each of the {} maps in {}", all.size(), rows, stack),
             "Use the list of ids that was saved with the maps.");
      for (std::size_t row = 0; row < all.size(); ++row) {
        if (is_excluded(all[row], "")) continue;
        MapSource source;
        source.participant.id = all[row];
        source.file = path;
        source.row = static_cast<Index>(row);
        source.where = fmt::format("{}, row {} ({})", stack, row, all[row]);
        if (const auto [at, fresh] = out.emplace(key_of(source.participant), source); !fresh)
          diagnostics_.add(fmt::format("{}: row {} has the id \"{}\", as row {} has. Save one map per participant.",
                                       ids, row, all[row], at->second.row));
      }
    });
    return out;
  }

  void report_missing(const Participant& person) {
    const std::string part = name(person.part.value_or(0));
    const std::string looked = o_.files.empty() ? filled(o_.ids, part, "")
                                                : replaced(filled(o_.files, part, person.id), "{session}",
                                                           person.session.empty() ? "{session}" : person.session);
    const bool leads_out = !o_.files.empty() && !diagnostics_.collect([&] {
      try {
        inside(o_.root, looked);
      } catch (const Error& error) {
        fail(error.kind(), person.where, looked + ": " + error.found(), error.fix());
      }
    });
    if (leads_out) return;
    diagnostics_.add(
        fmt::format("{}: no map: {} {}. Add the map, skip the participant with --exclude {}, or skip all such "
                    "participants with --allow-missing.",
                    person.where, looked, o_.files.empty() ? "does not list the id" : "does not exist",
                    scan_id(person.id, person.session)));
  }

  void report_unused() {
    std::set<std::string> used;
    for (const Participant& person : people_)
      for (const MapSource& source : maps_of(person)) used.insert(source.where);
    for (std::size_t part = 0; part < available_.size(); ++part)
      for (const auto& [key, source] : available_[part]) {
        if (used.contains(source.where)) continue;
        const std::string scan = scan_id(source.participant.id, source.participant.session);
        diagnostics_.add(fmt::format(
            "{}: no row in {} for \"{}\". Add the row, skip the map with --exclude {}, or skip all such maps "
            "with --allow-unused.",
            source.where, filled(o_.table, name(part), ""), scan, scan));
      }
  }

  void add_mask(MapSource& source) {
    if (o_.masks.empty()) return;
    const Participant& p = source.participant;
    const std::string file = replaced(filled(o_.masks, name(*p.part), p.id), "{session}", p.session);
    diagnostics_.collect([&] { source.mask = inside(o_.root, file); });
  }

  const ImportOptions& o_;
  const std::vector<Participant>& people_;
  Exclusions& exclusions_;
  Diagnostics& diagnostics_;
  std::set<std::string> excluded_;  ///< join keys of participants with an excluded map
  std::vector<Sources> available_;  ///< for each part
};

}  // namespace

std::vector<MapSource> find_maps(const ImportOptions& options, const std::vector<Participant>& people,
                                 Exclusions& exclusions, Diagnostics& diagnostics, std::vector<std::string>& left_out) {
  return Finder(options, people, exclusions, diagnostics).find(left_out);
}

}  // namespace cg
