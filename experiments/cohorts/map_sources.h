// SPDX-License-Identifier: Apache-2.0
// Finds each participant's map: a separate file or a row of a stack. Maps are joined by id, never by order.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/cohorts/participants.h"

namespace cg {

struct MapSource {
  Participant participant;     ///< with its part and session
  std::filesystem::path file;  ///< checked: it is below the root
  Index row = -1;              ///< of a stack
  std::string where;           ///< for messages: the path below the root, with the row
  std::filesystem::path mask;  ///< empty: no mask
};

/// The maps in the order of the participants, and of the sessions of each. A missing, unused or duplicated map is a
/// problem, as is a path that leaves the root. If no map at all is found, one problem says so, and names a file that is
/// there and the pattern that finds it. An excluded map is not looked at. `left_out`: ids without a map, if that is
/// allowed.
std::vector<MapSource> find_maps(const ImportOptions& options, const std::vector<Participant>& people,
                                 Exclusions& exclusions, Diagnostics& diagnostics, std::vector<std::string>& left_out);

}  // namespace cg
