// SPDX-License-Identifier: Apache-2.0
// The real executable where the machine is in its way: a device that is not there ends with 7, a disk that takes no
// more with 8. Memory stands in memory_limit_test.cpp, the other codes in main_test.cpp and end_to_end_test.cpp.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tensor/backend.h"
#include "tests/support/shell.h"
#include "tests/support/tiny_cohort.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

const TinyCohort& cohort() {
  static const TinyCohort made(24, 14);
  return made;
}

/// Trains two epochs of the tiny setting; `before` comes first on the shell's command line.
Finished train(const std::string& before, const std::string& more) {
  return shell(
      fmt::format("cd {0} && {1} '{2}/run_experiment' dynlocrep data.cohort={3} train.epochs=2 train.batch_size=8 "
                  "loss.final_neighbours=4 model.width=4 model.embedding=8 seeds=[0] threads=1 {4} 2>&1",
                  cohort().folder, before, CG_TEST_BINARIES, cohort().file, more));
}

/// No file may grow beyond so many kB: writes fail as on a full disk. POSIX counts in half kilobytes.
std::string full_disk(int kilobytes) { return fmt::format("trap '' XFSZ; ulimit -f {};", 2 * kilobytes); }

bool holds_temporaries(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(".tmp-")) return true;
  return false;
}

}  // namespace

TEST_CASE("exit code 7: a GPU that is requested and missing; no run folder is created") {
  std::string why;
  const bool there = make_cuda_backend(why) != nullptr;
  const Finished result = train("", "--device cuda --out gpu");
  CAPTURE(result.text);
  CHECK(result.code == (there ? 0 : 7));
  CHECK(fs::exists(cohort().folder + "/gpu") == there);
  if (there) return;
  CHECK(result.says("error: --device cuda: " + why));
  CHECK(result.says("Use --device cpu"));
  CHECK(shell(fmt::format("'{}/profile_memory' quickstart --size 9 9 9 --device cuda 2>&1", CG_TEST_BINARIES)).code ==
        7);
}

TEST_CASE("exit code 8: a run folder that cannot be created or written to") {
  for (const std::string out : {"/proc/cortexgrad", "synthetic-phantom.h5/run"}) {
    const Finished result = train("", "--out " + out);
    CAPTURE(result.text);
    CHECK(result.code == 8);
    CHECK(result.says("cannot be created"));
  }
  if (geteuid() == 0) {
    MESSAGE("the superuser may write everywhere");
    return;
  }
  fs::create_directory(cohort().folder + "/locked");
  fs::permissions(cohort().folder + "/locked", fs::perms::owner_read | fs::perms::owner_exec);
  const Finished result = train("", "--out locked");
  CHECK(result.code == 8);
  CHECK(result.says("Choose a folder that is writable"));
}

TEST_CASE("exit code 8: a phantom that cannot be written; the message names what chooses its folder") {
  const fs::path top = fs::path(cohort().folder) / "places";
  for (const char* program : {"installed/bin", "copied"}) fs::create_directories(top / program);
  fs::create_directories(top / "installed/share/cortexgrad/experiments");
  fs::copy_file(CG_TEST_SOURCE "/experiments/quickstart.toml", top / "quickstart.toml");
  const auto start = [&](const std::string& before, const std::string& folder) {
    fs::copy_file(CG_TEST_BINARIES "/run_experiment", top / folder / "run_experiment");
    return shell(fmt::format("cd '{}'; {} '{}/run_experiment' quickstart.toml --out '{}' 2>&1", top.string(), before,
                             (top / folder).string(), (top / "run").string()));
  };
  const Finished cached = start("XDG_CACHE_HOME=/proc/none", "installed/bin");
  CAPTURE(cached.text);
  CHECK(cached.code == 8);
  CHECK(cached.says("/proc/none/cortexgrad/phantoms: cannot be created"));
  CHECK(cached.says("Set XDG_CACHE_HOME to a folder that you can write to, or give a cohort: data.cohort=FILE."));
  const Finished beside = start(full_disk(1), "copied");
  CAPTURE(beside.text);
  CHECK(beside.code == 8);
  CHECK(beside.says((top / "phantoms").string()));
  CHECK(beside.says("Check the free space"));
  CHECK(beside.says("or give a cohort: data.cohort=FILE."));
  CHECK_FALSE(beside.says("XDG_CACHE_HOME"));
}

TEST_CASE("exit code 8: a disk that is full at the start") {
  const Finished result = train(full_disk(1), "--out full");
  CAPTURE(result.text);
  CHECK(result.code == 8);
  CHECK(result.says("full/config.resolved.toml"));
  CHECK(result.says("Free some space"));
  CHECK_FALSE(fs::exists(cohort().folder + "/full/config.resolved.toml"));
  CHECK_FALSE(holds_temporaries(cohort().folder + "/full"));
}

TEST_CASE("exit code 8: a disk that fills up during the run; earlier files stay, and the run can be repeated") {
  const Finished result = train(full_disk(20), "--out later");
  CAPTURE(result.text);
  CHECK(result.code == 8);
  CHECK(result.says("Free some space"));
  const std::string folder = cohort().folder + "/later/";
  CHECK(fs::exists(folder + "config.resolved.toml"));
  CHECK_FALSE(fs::exists(folder + "summary.json"));
  CHECK_FALSE(fs::exists(folder + "model.h5"));
  CHECK_FALSE(holds_temporaries(folder));
  const Finished again = train("", "--out later");
  CAPTURE(again.text);
  CHECK(again.code == 0);
  CHECK(fs::exists(folder + "summary.json"));
}
