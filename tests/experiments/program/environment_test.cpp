// SPDX-License-Identifier: Apache-2.0
// Where a program finds its experiments.
#include "experiments/program/environment.h"

#include <doctest/doctest.h>

#include "tests/support/program.h"

using namespace cg;
namespace fs = std::filesystem;

TEST_CASE("place_of: the source tree above a build, PREFIX/share/cortexgrad of an installed program, or here") {
  const test::TestFolder folder;
  const fs::path root = folder.path(), prefix = root / "opt";
  CHECK(place_of(root / "build/release/bin/run_experiment").root == fs::current_path());
  fs::create_directories(root / "experiments");
  CHECK(place_of(root / "build/release/bin/run_experiment").root == root);
  CHECK_FALSE(place_of(root / "build/release/bin/run_experiment").installed);
  fs::create_directories(prefix / "share/cortexgrad/experiments");
  CHECK(place_of(prefix / "bin/run_experiment").root == prefix / "share/cortexgrad");
  CHECK(place_of(prefix / "bin/run_experiment").installed);
}
