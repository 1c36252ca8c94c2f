// SPDX-License-Identifier: Apache-2.0
// The real executable where memory is scarce: exit code 6, a message that says what is asked for, free and held, and a
// batch that then really fits. Its own program, as a sanitizer leaves no room for a limit.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <regex>

#include "tests/support/shell.h"
#include "tests/support/tiny_cohort.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr Index train_part = 19;

/// Trains in an address space of so many MB.
Finished train(const TinyCohort& cohort, double megabytes, Index batch, const std::string& out) {
  return shell(fmt::format(
      "cd {0} && ulimit -v {1:.0f} && '{2}/run_experiment' dynlocrep --out {3} data.cohort={4} train.epochs=2 "
      "train.batch_size={5} loss.final_neighbours=2 model.width=32 model.precision=float32 seeds=[0] "
      "threads=1 2>&1",
      cohort.folder, megabytes * 1e6 / 1024, CG_TEST_BINARIES, out, cohort.file, batch));
}

/// The number before or after `words` in a message.
double number(const Finished& result, const std::string& pattern) {
  std::smatch found;
  CAPTURE(result.text);
  REQUIRE(std::regex_search(result.text, found, std::regex(pattern)));
  return std::stod(found[1]);
}

}  // namespace

TEST_CASE("exit code 6: the message gives the memory needed, free and held, and a batch that fits") {
  if (shell(fmt::format("ulimit -v 300000 && '{}/run_experiment' --version >/dev/null", CG_TEST_BINARIES)).code != 0) {
    MESSAGE("[skipped: this build does not start in an address space of 300 MB]");
    return;
  }
  const TinyCohort cohort(24, 6);
  constexpr double little = 300;
  const Finished none = train(cohort, little, train_part, "none");
  CAPTURE(none.text);
  CHECK(none.code == 6);
  CHECK(none.says("error: train.batch_size = 19: training needs "));
  CHECK(none.says("not even a small batch fits"));
  const double asked = number(none, "needs ([0-9.]+) MB"), free = number(none, "; ([0-9.]+) MB are free");
  CHECK(number(none, "([0-9.]+) MB are held") > 1);

  // so much that the network itself fits, with a part of the batch
  const double enough = little - free + asked - 6;
  const Finished some = train(cohort, enough, train_part, "some");
  CAPTURE(some.text);
  CHECK(some.code == 6);
  const auto fits = static_cast<Index>(number(some, "[Ss]et train.batch_size = ([0-9]+), which fits"));
  CHECK(fits >= 2);
  CHECK(fits < train_part);
  const Finished smaller = train(cohort, enough, fits, "smaller");
  CAPTURE(smaller.text);
  CHECK(smaller.code == 0);
}
