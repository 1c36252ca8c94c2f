// SPDX-License-Identifier: Apache-2.0
// Writes a whole synthetic cohort as a cohort file, with the truth that explanations can be compared with. Read next:
// phantom.h.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/phantom/phantom.h"

namespace cg::phantom {

struct CohortOptions {
  Index subjects = full_cohort;
  double voxel_mm = 2;
  std::uint32_t seed = 1;
  bool t1 = false;                  ///< T1-like volumes instead of stiffness maps
  Index sites = 62;                 ///< scanners of the T1-like cohort
  std::vector<std::string> signal;  ///< the only regions that change with age; empty: all
  int threads = 0;                  ///< 0: all
  std::string command;              ///< for the file's attributes
};

/// The column `study` of the file, without writing it.
std::vector<std::string> studies(const CohortOptions& options);

/// Writes the file. `progress(done)` is called after each subject. The same options give the same subjects for any
/// number of threads. Errors: usage (an unknown region), storage.
void write_cohort(const CohortOptions& options, const std::string& path,
                  const std::function<void(Index)>& progress = {});

}  // namespace cg::phantom
