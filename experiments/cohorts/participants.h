// SPDX-License-Identifier: Apache-2.0
// Reads and checks the rows of the tables of participants.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/files/diagnostics.h"
#include "experiments/cohorts/import_options.h"

namespace cg {

struct Participant {
  std::string id;
  double age = 0;                   ///< years; NaN if it is a problem
  std::string sex, study;           ///< may be empty
  std::optional<std::size_t> part;  ///< index in options.parts; no value if one table has several parts
  std::string where;                ///< "participants.tsv:12 (sub-03)"
  bool or_more = false;             ///< the table hides a higher age: "89+"
};

/// The key by which ids are joined: `sub-07` and `07` are the same participant.
std::string join_key(const std::string& id);

/// All rows except the excluded ones, in the order of the tables. Wrong ids, ages and sexes become problems, with file,
/// line and a fix.
std::vector<Participant> read_participants(const ImportOptions& options, Diagnostics& diagnostics);

}  // namespace cg
