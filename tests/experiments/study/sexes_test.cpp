// SPDX-License-Identifier: Apache-2.0
// The sex of subjects from the cohort file, for runs that did not store it.
#include "experiments/study/sexes.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "data/cohort_h5.h"
#include "data/phantom/cohort.h"

using namespace cg;

TEST_CASE("sexes: by id, whatever the order; empty for an unknown id, and for a file that is not there or no cohort") {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / fmt::format("cg-sexes-{}.h5", getpid());
  phantom::CohortOptions options;
  options.subjects = 10;
  options.voxel_mm = 16;
  options.threads = 1;
  phantom::write_cohort(options, path.string());
  DataOptions data;
  data.cohort = path.string();
  {
    const CohortFile file(path.string());
    const Subject &last = file.subject(9), &third = file.subject(2);
    CHECK(sexes_of(data, {last.id, "unknown-subject", third.id}) == std::vector<std::string>{last.sex, "", third.sex});
    CHECK_FALSE(last.sex.empty());
  }
  std::ofstream(path) << "not a cohort";
  CHECK(sexes_of(data, {"a", "b"}) == std::vector<std::string>{"", ""});
  std::filesystem::remove(path);
  CHECK(sexes_of(data, {"a"}) == std::vector<std::string>{""});
}
