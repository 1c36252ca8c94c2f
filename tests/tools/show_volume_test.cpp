// SPDX-License-Identifier: Apache-2.0
// The real executable on a tiny synthetic cohort.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "data/phantom/cohort.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/support/png.h"

using namespace cg;
using namespace cg::test;

namespace {

struct Result {
  int code = -1;
  std::string text;  ///< of both standard streams
};

Result run(const std::string& arguments) {
  FILE* pipe = popen(fmt::format("'{}/show_volume' {} --overwrite 2>&1", CG_TEST_BINARIES, arguments).c_str(), "r");
  REQUIRE(pipe);
  Result result;
  char block[4096];
  for (std::size_t n; (n = fread(block, 1, sizeof block, pipe)) > 0;) result.text.append(block, n);
  const int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

/// Two synthetic subjects.
const std::string& cohort() {
  static const TemporaryFile file("synthetic-phantom.h5");
  static const bool created = [] {
    phantom::CohortOptions options;
    options.subjects = 2;
    options.voxel_mm = 14;
    options.threads = 1;
    phantom::write_cohort(options, file.path);
    return true;
  }();
  static_cast<void>(created);
  return file.path;
}

std::string bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE(
    "show_volume: each augmentation gives a picture with twice the planes, and the same bytes for the same seed") {
  const TemporaryFile plain("plain.png"), first("first.png"), again("again.png"), other("other.png");
  REQUIRE_MESSAGE(run(fmt::format("{} --out {}", cohort(), plain.path)).code == 0, cohort());
  const int height = Png(bytes(plain.path)).height();
  for (const char* name : {"cutout", "noise", "flip", "rotation", "crop"}) {
    CAPTURE(name);
    const std::string command = fmt::format("{} --subject phantom-00001 --augment {} --out ", cohort(), name);
    REQUIRE(run(command + first.path).code == 0);
    REQUIRE(run(command + again.path + " --seed 0").code == 0);
    CHECK(Png(bytes(first.path)).height() > height * 3 / 2);
    CHECK(bytes(first.path) == bytes(again.path));
  }
  const std::string rotation = fmt::format("{} --augment rotation --at 6 7 6 --out ", cohort());
  REQUIRE(run(rotation + first.path).code == 0);
  REQUIRE(run(rotation + other.path + " --seed 1").code == 0);
  CHECK(bytes(first.path) != bytes(other.path));
  REQUIRE(run(rotation + again.path + " rotation.degrees=0").code == 0);
  CHECK(bytes(first.path) != bytes(again.path));
}

TEST_CASE("show_volume: problems are reported, and nothing is written") {
  const TemporaryFile out("none.png");
  const auto refused = [&](const std::string& arguments, int code, const std::string& word) {
    const Result result = run(arguments + " --out " + out.path);
    CAPTURE(result.text);
    CHECK(result.code == code);
    CHECK(result.text.find(word) != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(out.path));
  };
  refused("/nowhere.h5", 3, "/nowhere.h5");
  refused(cohort() + " --subject unknown", 2, "phantom-00000");
  refused(cohort() + " --augment blur", 2, "cutout");
  refused(cohort() + " --augment rotation rotation.degree=3", 2, "did you mean \"degrees\"?");
  refused(cohort() + " --at 1 2 99", 2, "outside");
  CHECK(run(cohort() + " --out /nowhere/x.png").code == 8);
}
