// SPDX-License-Identifier: Apache-2.0
// Studies as a user runs them: each training once, the numbers of single runs, shards, failures, and a killed study
// that ends with the bytes of an uninterrupted one.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "experiments/program/csv.h"
#include "tests/experiments/runner/tiny_run.h"
#include "tests/support/shell.h"

using namespace cg;
using namespace cg::test;

namespace {

namespace fs = std::filesystem;

constexpr const char* rows = R"(
[study.rows.dynlocrep]
label = "DynLocRep"
paper = [3.724, 0.220]
[study.rows.encoder]
label = "before the projection"
evaluation.features = "encoder"
[study.rows.threshold]
label = "Threshold"
loss.name = "threshold"
)";

/// The text of a study in the tiny setting.
std::string study_text(const std::string& more) {
  return "[study]\ntitle = \"Three rows\"\nbase = \"dynlocrep\"\nseeds = [0, 1]\n" + more +
         "[train]\nepochs = 2\nbatch_size = 8\n[loss]\nfinal_neighbours = 4\n[model]\nwidth = 4\nembedding = 8\n"
         "[data]\ncohort = \"synthetic-phantom.h5\"\n";
}

void write_study(const std::string& name, const std::string& more = rows) {
  std::ofstream(workplace().folder + "/" + name) << study_text(more);
}

/// The program on a study of the workplace.
Result run_study(const std::string& arguments, const std::string& before = "") {
  static int number = 0;
  const std::string log = fmt::format("{}/study-output-{}", workplace().folder, number++);
  const int status = std::system(fmt::format("cd {} && {} {}/run_experiment {} threads=1 >{} 2>&1", workplace().folder,
                                             before, binaries(), arguments, log)
                                     .c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(log)};
}

std::size_t trainings(const std::string& folder) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(workplace().folder + "/" + folder + "/trainings"))
    count += fs::exists(entry.path() / "summary.json");
  return count;
}

bool says(const Result& result, const std::string& words) { return result.text.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("study: every row and seed has a result, equal trainings are made once, and a second run trains nothing") {
  write_study("three.toml");
  const Result plan = run_study("three.toml --out a/three --check");
  CHECK(plan.code == 0);
  CHECK(says(plan, "4 for 6 results, 0 done, 4 to do"));
  CHECK_FALSE(fs::exists(workplace().folder + "/a"));
  const Result done = run_study("three.toml --out a/three");
  CAPTURE(done.text);
  REQUIRE(done.code == 0);
  CHECK(trainings("a") == 4);
  const Rows results = table("a/three/results.csv");
  REQUIRE(results.size() == 6);
  CHECK(results[0].at("label") == "DynLocRep");
  CHECK(results[2].at("label") == "before the projection");
  CHECK(results[0].at("training") == results[2].at("training"));
  CHECK(results[0].at("mae") != results[2].at("mae"));
  CHECK(results[5].at("seed") == "1");
  CHECK(results[0].at("synthetic") == "1");
  for (const char* words : {"Three rows", "3.724 ± 0.220", "2/2", "SYNTHETIC PHANTOM", "difference to DynLocRep"})
    CHECK(says(done, words));
  const std::string before = bytes("a/three/results.csv");
  const Result again = run_study("three.toml --out a/three");
  CHECK(again.code == 0);
  CHECK_FALSE(says(again, "training 1 of"));
  CHECK(bytes("a/three/results.csv") == before);
}

TEST_CASE("study: a row's numbers are those of a run of its own") {
  write_study("three.toml");
  REQUIRE(run_study("three.toml --out a/three").code == 0);
  const Rows results = table("a/three/results.csv");
  const auto same = [&](const std::string& options, std::size_t row) {
    const std::string out = fmt::format("single-{}", row);
    const Result single = run_tiny(out, "train.epochs=2 seeds=" + results[row].at("seed") + " " + options);
    CAPTURE(single.text);
    REQUIRE(single.code == 0);
    CHECK(csv_number(summary(out)["test"]["mae"].get<double>()) == results[row].at("mae"));
    CHECK(csv_number(summary(out)["seeds"][0]["penalty"].get<double>()) == results[row].at("penalty"));
  };
  same("", 0);
  same("evaluation.features=encoder", 3);
  same("loss.name=threshold", 5);
}

TEST_CASE("study: shards of a job array and --collect give the results of one process") {
  write_study("three.toml");
  REQUIRE(run_study("three.toml --out a/three").code == 0);
  REQUIRE(run_study("three.toml --out b/three --shard 1/3").code == 0);
  CHECK(trainings("b") == 2);
  const Result part = run_study("three.toml --out b/three --collect");
  CHECK(part.code == 0);
  CHECK(says(part, "2 of 4 trainings are missing"));
  CHECK(says(part, "1/2"));
  REQUIRE(run_study("three.toml --out b/three --shard 2/3").code == 0);
  REQUIRE(run_study("three.toml --out b/three --shard 3/3").code == 0);
  REQUIRE(run_study("three.toml --out b/three --collect").code == 0);
  CHECK(bytes("b/three/results.csv") == bytes("a/three/results.csv"));
  CHECK(run_study("three.toml --shard 4/3").code == 2);
  CHECK(run_study("dynlocrep --shard 1/3").code == 2);
}

TEST_CASE("study: a training that fails does not stop the others; the end lists it, with its exit code") {
  write_study("failing.toml", "[study.rows.missing]\ndata.cohort = \"nothing.h5\"\n[study.rows.dynlocrep]\n");
  const Result result = run_study("failing.toml --out c/failing");
  check_fails(result, 3, {"2 of 4 trainings failed", "missing, seed 0", "nothing.h5", "2 of 4 trainings are missing"});
  CHECK(trainings("c") == 2);
  CHECK(table("c/failing/results.csv").size() == 2);
}

TEST_CASE("study: killed again and again, it ends with the bytes of an uninterrupted one") {
  write_study("three.toml");
  REQUIRE(run_study("three.toml --out e/three train.epochs=6").code == 0);
  int killed = 0;
  for (int k = 0; k < 10; ++k) {  // at first before the first epoch
    const Result result =
        run_study("three.toml --out d/three train.epochs=6", fmt::format("timeout -s KILL {}", 0.05 + 0.03 * k));
    killed += result.code != 0;
  }
  MESSAGE("killed ", killed, " times");
  CHECK(killed >= 4);
  REQUIRE(run_study("three.toml --out d/three train.epochs=6").code == 0);
  CHECK(bytes("d/three/results.csv") == bytes("e/three/results.csv"));
  for (const auto& entry : fs::directory_iterator(workplace().folder + "/e/trainings")) {
    const std::string name = entry.path().filename().string();
    CHECK(bytes("d/trainings/" + name + "/predictions.csv") == bytes("e/trainings/" + name + "/predictions.csv"));
  }
}
