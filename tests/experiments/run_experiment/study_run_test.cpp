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
Result run_study(const std::string& arguments, const std::string& before = "", const std::string& after = "threads=1") {
  static int number = 0;
  const std::string log = fmt::format("{}/study-output-{}", workplace().folder, number++);
  const int status = std::system(fmt::format("cd {} && {} {}/run_experiment {} {} >{} 2>&1", workplace().folder, before,
                                             binaries(), arguments, after, log)
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
  CHECK(says(plan, "protocol: published (one test part for all seeds); selection: none"));
  CHECK(says(plan, "4 estimated from a short measured step"));
  CHECK(says(plan, "MB for the largest training (DynLocRep, seed 0)"));
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
  CHECK_FALSE(says(again, "test MAE 1"));  // no training ends
  CHECK_FALSE(says(again, "100 %"));
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

TEST_CASE("study: while it trains there is one progress, and one line per training with its error and time") {
  write_study("three.toml");
  const Result done = run_study("three.toml --out progress/three");
  CAPTURE(done.text);
  REQUIRE(done.code == 0);
  const Rows results = table("progress/three/results.csv");
  const auto line = [&](const std::string& name, std::size_t row) {
    return fmt::format("{}: test MAE {:.3f} years, ", name, std::stod(results[row].at("mae")));
  };
  CHECK(says(done, line("1/4 DynLocRep, seed 0", 0)));
  CHECK(says(done, line("2/4 Threshold, seed 0", 4)));
  CHECK(says(done, line("3/4 DynLocRep, seed 1", 1)));
  CHECK(says(done, line("4/4 Threshold, seed 1", 5)));
  CHECK(says(done, "100 %  took"));
  for (const char* words : {"parameters  ", "seed 0, epoch", "results     "}) CHECK_FALSE(says(done, words));
  const Result plan = run_study("three.toml --out progress/three --check study.seeds=0,1,2");
  CHECK(says(plan, "6 for 9 results, 4 done, 2 to do"));
  CHECK(says(plan, "(2 by trainings that are done)"));
}

TEST_CASE("study: each study of the cohort is left out once, and errors by group are written") {
  write_study("left_out.toml",
              "protocol = \"leave_one_study_out\"\n[study.rows.dynlocrep]\n[study.rows.threshold]\n"
              "loss.name = \"threshold\"\n");
  fs::copy_file(workplace().cohort, workplace().folder + "/moved.h5");
  const std::string command = "left_out.toml --out left/out study.seeds=[1] data.cohort=moved.h5";
  const Result done = run_study(command);
  CAPTURE(done.text);
  REQUIRE(done.code == 0);
  const Rows results = table("left/out/results.csv");
  REQUIRE(results.size() % 2 == 0);
  double subjects = 0;
  for (std::size_t k = 0; k < results.size() / 2; ++k) {
    CHECK(results[k].at("test_study") == std::to_string(k + 1));
    CHECK(std::stod(results[k].at("train_subjects")) + std::stod(results[k].at("test_subjects")) == tiny_subjects);
    subjects += std::stod(results[k].at("test_subjects"));
    const std::string training = "left/trainings/" + results[k].at("training") + "/predictions.csv";
    for (const auto& row : table(training))
      CHECK((row.at("part") == "test") == (row.at("study") == std::to_string(k + 1)));
  }
  CHECK(subjects == tiny_subjects);
  CHECK(says(done, "leave_one_study_out (each study is the test part once per seed)"));
  const Rows groups = table("left/out/results_groups.csv");
  const auto of = [&](const std::string& group) {
    return std::ranges::count_if(groups, [&](const auto& row) { return row.at("group") == group; });
  };
  CHECK(of("F") == 2);
  CHECK(of("M") == 2);
  CHECK(of("all") == 2);
  const std::string before = bytes("left/out/results_groups.csv");
  const Result collected = run_study("left_out.toml --out left/out study.seeds=[1] data.cohort=moved.h5 --collect");
  CHECK(collected.code == 0);
  CHECK(bytes("left/out/results_groups.csv") == before);
}

TEST_CASE("study: the numbers of finished trainings need no cohort") {
  write_study("three.toml");
  fs::copy_file(workplace().cohort, workplace().folder + "/gone.h5");
  REQUIRE(run_study("three.toml --out gone/three data.cohort=gone.h5").code == 0);
  const std::string before = bytes("gone/three/results_groups.csv");
  CHECK(before.find(",sex,F,") != std::string::npos);
  fs::remove(workplace().folder + "/gone.h5");
  REQUIRE(run_study("three.toml --out gone/three data.cohort=gone.h5 --collect").code == 0);
  CHECK(bytes("gone/three/results_groups.csv") == before);
}

TEST_CASE("study: --collect takes run folders and compares what differs in their options") {
  REQUIRE(run_tiny("single/a", "train.epochs=2 seeds=[0,1]").code == 0);
  REQUIRE(run_tiny("single/b", "train.epochs=2 seeds=[0,1] loss.name=threshold").code == 0);
  fs::create_directories(workplace().folder + "/single/empty");
  const Result done = run_study("--collect single/* --out tables/single", "", "");
  CAPTURE(done.text);
  REQUIRE(done.code == 0);
  CHECK(says(done, "single/empty: not a run"));
  const Rows results = table("tables/single/results.csv");
  REQUIRE(results.size() == 4);
  CHECK(results[0].at("label") == "loss.name = dynlocrep");
  CHECK(results[2].at("label") == "loss.name = threshold");
  CHECK(std::stod(results[1].at("mae")) ==
        doctest::Approx(summary("single/a")["seeds"][1]["mae"].get<double>()).epsilon(1e-8));
  CHECK(says(done, "difference to loss.name = \"dynlocrep\" [95 % interval], years, and p by Holm"));
  CHECK(fs::exists(workplace().folder + "/tables/single/tables.txt"));
  CHECK(fs::exists(workplace().folder + "/tables/single/results_groups.csv"));
  check_fails(run_study("--collect single/empty", "", ""), 2,
              {"no folder contains a finished run", "single/empty: not a run"});
  CHECK(run_study("--collect single/a --check", "", "").code == 2);
  CHECK(run_study("--collect single/nothing", "", "").code == 2);
}

TEST_CASE("study: a failed training whose cause is repaired is trained by the same command; the first failure counts") {
  // In this order: a last batch of one subject (2), then a cohort that is missing (3).
  write_study("repaired.toml",
              "[study.rows.lonely]\ndata.folds = 4\ntrain.batch_size = 17\n[study.rows.missing]\n"
              "data.cohort = \"later.h5\"\n[study.rows.dynlocrep]\n");
  const std::string command = "repaired.toml --out repaired/study study.seeds=[0]";
  check_fails(run_study(command), 2, {"2 of 3 trainings failed", "lonely, seed 0", "missing, seed 0", "100 %"});
  CHECK(trainings("repaired") == 1);
  fs::copy_file(workplace().cohort, workplace().folder + "/later.h5");
  check_fails(run_study(command), 2, {"1 of 3 trainings failed", "lonely, seed 0"});
  CHECK(trainings("repaired") == 2);
}

TEST_CASE("study: a training that fails does not stop the others; the end lists it, with its exit code") {
  write_study("failing.toml", "[study.rows.missing]\ndata.cohort = \"nothing.h5\"\n[study.rows.dynlocrep]\n");
  const Result result = run_study("failing.toml --out c/failing");
  check_fails(result, 3, {"2 of 4 trainings failed", "missing, seed 0", "nothing.h5", "2 of 4 trainings are missing"});
  CHECK(trainings("c") == 2);
  CHECK(table("c/failing/results.csv").size() == 2);
}

TEST_CASE("study: a signal ends it even if the training that it interrupts cannot be saved") {
  write_study("three.toml");
  const std::string script =
      "cd {} && {{ {}/run_experiment three.toml --out unsaved/three train.epochs=20000 threads=1 >unsaved.log 2>&1 & "
      "until [ $(cat unsaved/trainings/*/metrics.csv 2>/dev/null | wc -l) -ge 3 ]; do sleep 0.01; done; "
      "cd unsaved/trainings/*; until rm -f checkpoint.h5; mkdir checkpoint.h5 2>/dev/null; do :; done; "
      "kill -TERM $!; wait $!; }}";
  const int status = std::system(fmt::format(fmt::runtime(script), workplace().folder, binaries()).c_str());
  CAPTURE(contents(workplace().folder + "/unsaved.log"));
  CHECK(WEXITSTATUS(status) == 8);
  const fs::directory_iterator folders(workplace().folder + "/unsaved/trainings");
  CHECK(std::distance(begin(folders), end(folders)) == 1);
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
