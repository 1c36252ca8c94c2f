// SPDX-License-Identifier: Apache-2.0
// The real executable on cohorts with maps that do not belong: a run and --check refuse grave ones before any work,
// warn of the others, and are silent about a phantom.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "tests/support/planted_cohort.h"
#include "tests/support/shell.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

const PlantedCohort& cohort() {
  static const PlantedCohort made(24, 14);
  return made;
}

/// Two epochs of a tiny setting on the cohort file of this name, or what --check says of it.
Finished train(const std::string& file, const std::string& more) {
  return shell(
      fmt::format("cd {0} && '{1}/run_experiment' dynlocrep data.cohort={2} train.epochs=2 train.batch_size=8 "
                  "loss.final_neighbours=2 loss.short_batch=localise model.width=4 model.embedding=8 seeds=[0] "
                  "threads=1 --out run --device cpu "
                  "{3} 2>&1",
                  cohort().folder, CG_TEST_BINARIES, file, more));
}

std::string id(Index i) { return CohortFile(cohort().file).subject(i).id; }

void check_refused(const std::vector<std::string>& words) {
  for (const char* check : {"", "--check"}) {
    const Finished result = train(cohort().planted, check);
    CAPTURE(result.text);
    CHECK(result.code == 3);
    CHECK(result.says("planted.h5: "));
    for (const std::string& word : words) CHECK(result.says(word));
    CHECK(result.says("--allow-outliers"));
    CHECK_FALSE(fs::exists(cohort().folder + "/run"));
  }
  CHECK(train(cohort().planted, "--check --allow-outliers").code == 0);
}

}  // namespace

TEST_CASE("a phantom gives no warning") {
  const Finished result = train(cohort().file, "--check");
  CAPTURE(result.text);
  CHECK(result.code == 0);
  for (const char* words : {"usually", "every voxel is", "--allow-outliers"}) CHECK_FALSE(result.says(words));
}

TEST_CASE("a map in pascal is refused with its id, value, usual value and cause") {
  cohort().plant([](Maps& maps) { in_pascal(maps[5]); });
  check_refused({"1 problem", id(5) + ": mean ", " kPa, usually 2.", "kPa: pascal among kilopascals?"});
}

TEST_CASE("one scan under two ids is refused, with both ids") {
  cohort().plant([](Maps& maps) { maps[7] = maps[2]; });
  check_refused({"1 problem", fmt::format("{}: every voxel is that of {}", id(7), id(2))});
}

TEST_CASE("all grave differences are reported together") {
  cohort().plant([](Maps& maps) {
    for (const std::size_t k : {3, 4}) in_pascal(maps[k]);
    maps[7] = maps[2];
  });
  check_refused({"3 problems", id(3) + ": mean", id(4) + ": mean", id(7) + ": every voxel"});
}

TEST_CASE("a shifted map, and a tenth of a map, are warnings with id and value") {
  cohort().plant([](Maps& maps) {
    shift(maps[9], 4);
    for (std::size_t k = 0; k < maps[11].values.size(); ++k)
      if (k % 10) maps[11].values[k] = 0;
  });
  const Finished result = train(cohort().planted, "--check");
  CAPTURE(result.text);
  CHECK(result.code == 0);
  CHECK(result.says("warning: 1 map differs from the cohort in the extent of its data: " + id(11) + " (data in "));
  CHECK(result.says("warning: 1 map is in another place than the cohort: " + id(9) + " (its centre is "));
}

TEST_CASE("with --allow-outliers a run trains on them, and warns") {
  cohort().plant([](Maps& maps) { maps[7] = maps[2]; });
  const Finished result = train(cohort().planted, "--allow-outliers");
  CAPTURE(result.text);
  CHECK(result.code == 0);
  CHECK(result.says("warning: 1 map is equal to another: " + id(7)));
  CHECK(fs::exists(cohort().folder + "/run/summary.json"));
  fs::remove_all(cohort().folder + "/run");
}

TEST_CASE("many differences: three ids and a count") {
  cohort().plant([](Maps& maps) {
    for (std::size_t k = 1; k < 9; ++k) maps[k] = maps[0];
  });
  const Finished result = train(cohort().planted, "--check --allow-outliers");
  CHECK(result.says("8 maps are equal to another: " + id(1)));
  CHECK(result.says(id(3)));
  CHECK_FALSE(result.says(id(4)));
  CHECK(result.says("and 5 more"));
}

TEST_CASE("NaN and maps without data are refused by --check too, whatever is allowed") {
  for (const float value : {std::nanf(""), 0.0f}) {
    cohort().plant([&](Maps& maps) { std::ranges::fill(maps[4].values, value); });
    const Finished result = train(cohort().planted, "--check --allow-outliers");
    CAPTURE(result.text);
    CHECK(result.code == 3);
    CHECK_FALSE(result.says("warning"));
  }
}
