// SPDX-License-Identifier: Apache-2.0
// If a pattern finds no map: a map that is there, and the pattern that would find it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "experiments/cohorts/participants.h"

namespace cg {

struct NearFile {
  std::string file;     ///< path below the root
  std::string pattern;  ///< with {participant_id}, and {session} in the place of a BIDS session
};

/// A file of a participant whose name ends most like `pattern`. Looks at the first 100,000 files below `root`. No
/// value: there is none.
std::optional<NearFile> near_file(const std::filesystem::path& root, const std::vector<Participant>& people,
                                  const std::string& pattern);

}  // namespace cg
