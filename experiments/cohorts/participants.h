// SPDX-License-Identifier: Apache-2.0
// Reads and checks the rows of the tables of participants.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/files/diagnostics.h"
#include "experiments/cohorts/age_unit.h"
#include "experiments/cohorts/import_options.h"

namespace cg {

struct Participant {
  std::string id;
  std::string session = {};         ///< of the row, if the table has sessions; then of the map
  double age = 0;                   ///< years; NaN if it is a problem
  std::string sex, study;           ///< may be empty
  std::optional<std::size_t> part;  ///< index in options.parts; no value if one table has several parts
  std::string where;                ///< "participants.tsv:12 (sub-03)"
  bool or_more = false;             ///< the table hides a higher age: "89+"
};

/// The key by which ids are joined: `sub-07` and `07` are the same participant.
std::string join_key(const std::string& id);
/// The same for sessions: `ses-1` and `1`.
std::string session_key(const std::string& session);

/// What --exclude names: participants, or single scans ("sub-01_ses-02"). A table may have one row for several scans,
/// so the table and the maps are both asked, and an id that neither of them has is a problem.
class Exclusions {
 public:
  explicit Exclusions(const std::vector<std::string>& ids);
  /// Whether the participant, or its scan in this session, is skipped.
  bool has(const std::string& id, const std::string& session);
  /// Call it after the table and the maps were read.
  void report_unknown(Diagnostics& diagnostics) const;

 private:
  struct Excluded {
    std::string id;  ///< as it was given
    bool met;
  };
  std::map<std::string, Excluded> ids_;  // by join key
};

/// The rows of the tables, and the unit that their ages had.
struct Participants {
  std::vector<Participant> people;
  AgeUnit unit = {};
};

/// All rows except the excluded ones, in the order of the tables; ages in years. Wrong ids, ages and sexes become
/// problems, with file, line and a fix. Several rows of one id must differ in their session.
Participants read_participants(const ImportOptions& options, Exclusions& exclusions, Diagnostics& diagnostics);

}  // namespace cg
