// SPDX-License-Identifier: Apache-2.0
#include "experiments/cohorts/map_sources.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "data/files/input_file.h"
#include "data/formats/npy.h"
#include "experiments/cohorts/id_pattern.h"

namespace cg {
namespace {

namespace fs = std::filesystem;

class Finder {
 public:
  Finder(const ImportOptions& options, const std::vector<Participant>& people, Diagnostics& diagnostics)
      : o_(options), people_(people), diagnostics_(diagnostics) {
    for (std::size_t k = 0; k < std::max<std::size_t>(o_.parts.size(), 1); ++k)
      available_.push_back(o_.files.empty() ? rows_of_stack(k) : files(k));
  }

  std::vector<MapSource> find(std::vector<std::string>& left_out) {
    std::vector<MapSource> out;
    for (const Participant& person : people_) {
      std::vector<MapSource> sources;
      for (std::size_t part = 0; part < available_.size(); ++part) {
        if (person.part && *person.part != part) continue;
        if (const auto at = available_[part].find(join_key(person.id)); at != available_[part].end()) {
          sources.push_back(at->second);
          sources.back().participant = person;
          sources.back().participant.part = part;
        }
      }
      if (sources.size() > 1)
        diagnostics_.add(
            fmt::format("{}: there are maps in part \"{}\" and in part \"{}\" ({}, {}). Keep each participant "
                        "in one part.",
                        person.where, name(*sources[0].participant.part), name(*sources[1].participant.part),
                        sources[0].where, sources[1].where));
      if (sources.empty() && o_.allow_missing) left_out.push_back(person.id);
      if (sources.empty() && !o_.allow_missing) report_missing(person);
      if (sources.size() == 1) out.push_back(sources[0]);
    }
    if (!o_.allow_unused && !people_.empty()) report_unused();  // if the table cannot be read, all maps would be unused
    for (MapSource& source : out) add_mask(source);
    return out;
  }

 private:
  using Sources = std::map<std::string, MapSource>;  // by join key

  std::string name(std::size_t part) const { return o_.parts.empty() ? "" : o_.parts[part]; }

  Sources files(std::size_t part) {
    Sources out;
    if (!diagnostics_.collect([&] { inside(o_.root, o_.files); })) return out;
    for (const auto& [id, file] : matching_files(o_.root, filled(o_.files, name(part), "{participant_id}"))) {
      MapSource source;
      source.participant.id = id;
      source.where = file;
      diagnostics_.collect([&] { source.file = inside(o_.root, file); });
      if (const auto [at, fresh] = out.emplace(join_key(id), source); !fresh)
        diagnostics_.add(
            fmt::format("{}: {} belongs to the same participant. Keep one of them.", file, at->second.where));
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
        fail(ErrorKind::data, ids, fmt::format("{} ids for {} maps in {}", all.size(), rows, stack),
             "Use the list of ids that was saved with the maps.");
      for (std::size_t row = 0; row < all.size(); ++row) {
        MapSource source;
        source.participant.id = all[row];
        source.file = path;
        source.row = static_cast<Index>(row);
        source.where = fmt::format("{}, row {} ({})", stack, row, all[row]);
        if (const auto [at, fresh] = out.emplace(join_key(all[row]), source); !fresh)
          diagnostics_.add(fmt::format("{}: row {} has the id \"{}\", as row {} has. Save one map per participant.",
                                       ids, row, all[row], at->second.row));
      }
    });
    return out;
  }

  void report_missing(const Participant& person) {
    const std::string part = name(person.part.value_or(0));
    const std::string looked = o_.files.empty() ? filled(o_.ids, part, "") : filled(o_.files, part, person.id);
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
                    person.where, looked, o_.files.empty() ? "does not list the id" : "does not exist", person.id));
  }

  void report_unused() {
    std::set<std::string> known;
    for (const std::string& id : o_.exclude) known.insert(join_key(id));
    std::set<std::pair<std::size_t, std::string>> rows;
    for (const Participant& person : people_)
      for (std::size_t part = 0; part < available_.size(); ++part)
        if (!person.part || *person.part == part) rows.insert({part, join_key(person.id)});
    for (std::size_t part = 0; part < available_.size(); ++part)
      for (const auto& [id, source] : available_[part])
        if (!known.contains(id) && !rows.contains({part, id}))
          diagnostics_.add(
              fmt::format("{}: no row in {} for \"{}\". Add the row, or skip all such maps with "
                          "--allow-unused.",
                          source.where, filled(o_.table, name(part), ""), source.participant.id));
  }

  void add_mask(MapSource& source) {
    if (o_.masks.empty()) return;
    const std::string file = filled(o_.masks, name(*source.participant.part), source.participant.id);
    diagnostics_.collect([&] { source.mask = inside(o_.root, file); });
  }

  const ImportOptions& o_;
  const std::vector<Participant>& people_;
  Diagnostics& diagnostics_;
  std::vector<Sources> available_;  ///< for each part
};

}  // namespace

std::vector<MapSource> find_maps(const ImportOptions& options, const std::vector<Participant>& people,
                                 Diagnostics& diagnostics, std::vector<std::string>& left_out) {
  return Finder(options, people, diagnostics).find(left_out);
}

}  // namespace cg
