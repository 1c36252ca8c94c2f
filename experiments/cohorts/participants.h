// The rows of the tables of participants, checked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/files/diagnostics.h"
#include "experiments/cohorts/import_options.h"

namespace cg {

struct Participant {
  std::string id;
  double age = 0;                   ///< years; NaN where that is a finding
  std::string sex, study;           ///< may be empty
  std::optional<std::size_t> part;  ///< of options.parts; none where one table serves several parts
  std::string where;                ///< "participants.tsv:12 (sub-03)"
  bool or_more = false;             ///< the table hides an age beyond: "89+"
};

/// What ids are joined by: `sub-07` and `07` are the same participant.
std::string join_key(const std::string& id);

/// All rows but the excluded ones, in the tables' order. What is wrong with ids, ages and sexes becomes a finding, with
/// file, line and what to do.
std::vector<Participant> read_participants(const ImportOptions& options, Diagnostics& diagnostics);

}  // namespace cg
