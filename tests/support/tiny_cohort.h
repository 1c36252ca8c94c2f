// SPDX-License-Identifier: Apache-2.0
// A cohort file of a few synthetic subjects in a folder of this program's own, removed at the end.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "data/phantom/cohort.h"

namespace cg::test {

struct TinyCohort {
  std::string folder, file;

  TinyCohort(Index subjects, double voxel_mm)
      : folder((std::filesystem::temp_directory_path() / ("cg-test-" + std::to_string(getpid()))).string()),
        file(folder + "/synthetic-phantom.h5") {
    std::filesystem::create_directories(folder);
    phantom::CohortOptions options;
    options.subjects = subjects;
    options.voxel_mm = voxel_mm;
    options.threads = 1;
    phantom::write_cohort(options, file);
  }
  ~TinyCohort() { std::filesystem::remove_all(folder); }
  TinyCohort(const TinyCohort&) = delete;
  TinyCohort& operator=(const TinyCohort&) = delete;
};

}  // namespace cg::test
