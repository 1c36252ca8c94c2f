// Where each participant's map is: a file of its own, or a row of a stack. Joined by id, never by order.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/cohorts/participants.h"

namespace cg {

struct MapSource {
  Participant participant;     ///< with its part
  std::filesystem::path file;  ///< checked to lie below the root
  Index row = -1;              ///< of a stack
  std::string where;           ///< for messages: the file below the root, with its row
  std::filesystem::path mask;  ///< empty: none
};

/// The maps in the order of the participants. A missing, unused or duplicated map is a finding, as is a path that
/// leads out of the root. `left_out`: ids without a map, where that is allowed.
std::vector<MapSource> find_maps(const ImportOptions& options, const std::vector<Participant>& people,
                                 Diagnostics& diagnostics, std::vector<std::string>& left_out);

}  // namespace cg
