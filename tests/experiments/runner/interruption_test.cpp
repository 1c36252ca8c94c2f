// SPDX-License-Identifier: Apache-2.0
// The real executable, interrupted and killed from outside, started twice at once, and given a damaged checkpoint.
#include <doctest/doctest.h>

#include "tensor/random.h"
#include "tests/experiments/runner/tiny_run.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

const std::string setting = "seeds=0 train.epochs=30 --device cpu";

using Outcome = std::tuple<Rows, std::string, std::string>;

Outcome outcome(const std::string& out) {
  return {metrics(out), bytes(out + "/predictions.csv"), bytes(out + "/model.h5")};
}

/// Of the run without interruption.
const Outcome& expected() {
  static const Outcome result = [] {
    REQUIRE(run_tiny("straight", setting).code == 0);
    return outcome("straight");
  }();
  return result;
}

}  // namespace

TEST_CASE(
    "run_experiment: SIGTERM, SIGINT, SIGUSR1 and SIGHUP save and end with 75; the same command continues to the same "
    "results") {
  for (const auto& [signal, name] :
       {std::pair(SIGTERM, "SIGTERM"), {SIGINT, "SIGINT"}, {SIGUSR1, "SIGUSR1"}, {SIGHUP, "SIGHUP"}}) {
    CAPTURE(name);
    const std::string out = name;
    Process process(out, setting);
    wait_for_lines(process, out, 5);
    process.send(signal);
    const Result stopped = process.wait();
    check_fails(stopped, 75,
                {std::string("interrupted: ") + name + " before seed 0, epoch ",
                 out + "/checkpoint.h5. Give the same command again to continue."});
    CHECK(stopped.text.find("error") == std::string::npos);
    CHECK_FALSE(fs::exists(workplace().folder + "/" + out + "/summary.json"));
    const Result resumed = run_tiny(out, setting);
    check_fails(resumed, 0, {"resuming    seed 0, epoch ", " % of the work left"});
    CHECK(outcome(out) == expected());
    CHECK(summary(out)["resumed"] == 1);
    CHECK_FALSE(fs::exists(workplace().folder + "/" + out + "/checkpoint.h5"));
    check_fails(run_tiny(out, setting), 9, {"finished"});
  }
}

TEST_CASE("run_experiment: after a kill at any moment, the same command gives the same results") {
  Random random({.seed = 3});
  int killed = 0;
  for (;; ++killed) {
    Process process("killed", setting);
    // Each time a little further, so that it comes to an end.
    wait_for_lines(process, "killed", 2 + 5 * killed + static_cast<std::ptrdiff_t>(random.uniform() * 4));
    process.send(SIGKILL);
    const Result result = process.wait();
    if (result.code == 0) break;
    REQUIRE_MESSAGE(result.code == 128 + SIGKILL, result.text);
  }
  CHECK(killed >= 4);
  CHECK(outcome("killed") == expected());
  for (const auto& entry : fs::directory_iterator(workplace().folder + "/killed"))
    CHECK(entry.path().filename().string().find("tmp") == std::string::npos);
}

TEST_CASE("run_experiment: a damaged checkpoint ends with 4, names it, changes nothing; --overwrite starts again") {
  {
    Process process("damaged", setting);
    wait_for_lines(process, "damaged", 5);
    process.send(SIGTERM);
    REQUIRE(process.wait().code == 75);
  }
  const fs::path folder = workplace().folder + "/damaged", file = folder / "checkpoint.h5";
  const std::string good = contents(file), rows = contents(folder / "metrics.csv"),
                    environment = contents(folder / "environment.json");
  Random random({.seed = 5});
  for (int k = 0; k < 4; ++k) {
    std::string bad = good;
    const auto at = static_cast<std::size_t>(random.uniform() * static_cast<double>(good.size()));
    if (k % 2)
      bad.resize(at);
    else
      bad[at] ^= 1;
    std::ofstream(file, std::ios::binary) << bad;
    check_fails(run_tiny("damaged", setting), 4, {"damaged/checkpoint.h5", "--overwrite"});
    CHECK(contents(file) == bad);
    CHECK(contents(folder / "metrics.csv") == rows);
    CHECK(contents(folder / "environment.json") == environment);
  }
  REQUIRE(run_tiny("damaged", setting + " --overwrite").code == 0);
  CHECK(outcome("damaged") == expected());
  CHECK(summary("damaged")["resumed"] == 0);
}

TEST_CASE("run_experiment: of two processes started together on one folder, one runs and the other ends with 9") {
  for (int k = 0; k < 10; ++k) {
    const std::string out = "pair-" + std::to_string(k), two = "seeds=0 train.epochs=2 --device cpu";
    Process first(out, two), second(out, two);
    std::vector<Result> results = {first.wait(), second.wait()};
    std::ranges::sort(results, {}, &Result::code);
    check_fails(results[0], 0, {});
    check_fails(results[1], 9, {out, "--out"});
    CHECK(metrics(out).size() == 2);
  }
}
