// SPDX-License-Identifier: Apache-2.0
// Run folders as one study: rows by the options that differ, seeds grouped, everything else named with its reason.
#include "experiments/study/collected.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "experiments/program/csv.h"
#include "experiments/study/tables.h"
#include "tensor/error.h"

using namespace cg;

namespace {

namespace fs = std::filesystem;

struct Runs {
  fs::path path = fs::temp_directory_path() / fmt::format("cg-collected-{}", getpid());
  Runs() { fs::create_directories(path); }
  ~Runs() { fs::remove_all(path); }

  /// A finished run: each test subject's error is `error`, plus its seed.
  void write(const std::string& name, const Config& config, double error, const std::string& cohort = "digest") const {
    const fs::path folder = path / name;
    fs::create_directories(folder);
    std::ofstream(folder / "config.resolved.toml") << resolved_config(config);
    std::string csv = "seed,participant_id,age,predicted,part,study\n";
    nlohmann::json seeds = nlohmann::json::array();
    for (const Index seed : config.seeds) {
      for (int k = 0; k < 14; ++k) {
        const char* part = k < 6 ? "train" : k < 8 ? "validation" : "test";
        const double wrong = error + static_cast<double>(seed) + (k < 8 ? 10 : 0);
        csv += csv_line({std::to_string(seed), csv_text(fmt::format("-s,{}", k)), csv_number(20 + 5 * k),
                         csv_number(20 + 5 * k + wrong), part, k % 2 ? "one" : "two"});
      }
      seeds.push_back({{"seed", seed}, {"penalty", 0.5}});
    }
    std::ofstream(folder / "predictions.csv") << csv;
    std::ofstream(folder / "summary.json") << nlohmann::json{
        {"experiment", "mine"}, {"cohort", {{"sha256", cohort}, {"synthetic", true}}}, {"seeds", seeds}};
  }

  CollectedRuns collect(const std::vector<std::string>& names) const {
    std::vector<fs::path> folders;
    for (const std::string& name : names) folders.push_back(path / name);
    return collect_runs(folders, "collected");
  }
  std::string skipped(const std::string& name, const std::string& why) const {
    return (path / name).string() + ": " + why;
  }
};

/// With the cohort at a path that does not exist.
Config config_of(std::vector<Index> seeds, const std::string& loss = "dynlocrep") {
  Config config;
  config.seeds = std::move(seeds);
  config.loss.name = loss;
  config.data.cohort = "/nowhere/maps.h5";
  return config;
}

}  // namespace

TEST_CASE("collected runs: rows are named by the options that differ, and runs that differ in seeds are one row") {
  const Runs runs;
  Config other = config_of({0}, "threshold");
  other.train.epochs = 20;
  Config elsewhere = config_of({1});  // neither of these changes a number
  elsewhere.threads = 3;
  elsewhere.data.cohort = "/moved/maps.h5";
  elsewhere.evaluation.embeddings_at = {1, 2};
  runs.write("a", config_of({0, 2}), 3);
  runs.write("b", other, 4);
  runs.write("c", elsewhere, 3);
  const CollectedRuns collected = runs.collect({"a", "b", "c"});
  CHECK(collected.skipped.empty());
  const StudyResults& results = collected.results;
  const auto& rows = results.plan.studies.at(0).rows;
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].label == "train.epochs = 50, loss.name = \"dynlocrep\"");
  CHECK(rows[1].name == "train.epochs = 20, loss.name = \"threshold\"");
  REQUIRE(results.cells.size() == 4);
  std::vector<Index> seeds;
  for (const CellResult& cell : results.cells) seeds.push_back(cell.cell.seed);
  CHECK(seeds == std::vector<Index>{0, 1, 2, 0});
  CHECK(results.plan.trainings[results.cells[1].cell.training].folder == runs.path / "c");
  REQUIRE(results.rows.at(0).size() == 2);
  const RowResult &first = results.rows[0][0], &second = results.rows[0][1];
  CHECK(first.mae.mean == doctest::Approx(4));  // 3, 4 and 5
  CHECK(first.seeds == 3);
  CHECK(first.wanted == 3);
  CHECK_FALSE(first.difference);
  REQUIRE(second.difference);
  CHECK(second.difference->mean == doctest::Approx(1));  // seed 0: 4 − 3
}

TEST_CASE("collected runs: the numbers are those of the run's own predictions, parts apart") {
  const Runs runs;
  runs.write("a", config_of({0}), 3);
  const CellResult cell = runs.collect({"a"}).results.cells.at(0);
  CHECK(cell.ids.size() == 6);
  CHECK(cell.train_subjects == 6);
  CHECK(cell.test.mae == doctest::Approx(3));
  CHECK(cell.validation_mae == doctest::Approx(13));
  CHECK(cell.mean_age.mae == doctest::Approx(40));  // 32.5 against 60, 65, … 85
  CHECK(cell.penalty == 0.5);
  CHECK(cell.studies == std::vector<std::string>{"two", "one", "two", "one", "two", "one"});
  CHECK(cell.synthetic);
  CHECK(runs.collect({"a"}).results.plan.studies[0].rows[0].label == "mine");
}

TEST_CASE("collected runs: runs of several folds are rows of their own, with their fold") {
  const Runs runs;
  Config fold = config_of({0});
  fold.data.fold = 3;
  runs.write("a", config_of({0}), 3);
  runs.write("b", fold, 4);
  const StudyResults results = runs.collect({"a", "b"}).results;
  REQUIRE(results.cells.size() == 2);
  CHECK(results.cells[0].cell.fold == 0);
  CHECK(results.cells[1].cell.fold == 3);
  CHECK(results.plan.cells[1].fold == 3);
  CHECK(results.plan.studies[0].rows[1].label == "data.fold = 3");
}

TEST_CASE("collected runs: what is not a finished run of the same cohort is left out with the reason") {
  const Runs runs;
  runs.write("a", config_of({0}), 3);
  runs.write("unfinished", config_of({1}), 3);
  fs::remove(runs.path / "unfinished" / "summary.json");
  runs.write("other", config_of({2}), 3, "another digest");
  runs.write("newer", config_of({3}), 3);
  std::ofstream(runs.path / "newer" / "config.resolved.toml", std::ios::app) << "nonsense = 1\n";
  runs.write("broken", config_of({4}), 3);
  std::ofstream(runs.path / "broken" / "summary.json") << "{";
  runs.write("cut", config_of({5}), 3);
  std::ofstream(runs.path / "cut" / "predictions.csv")
      << "seed,participant_id,age,predicted,part,study\n9,x,1,2,test,\n";
  std::ofstream(runs.path / "file") << "text";
  fs::create_directories(runs.path / "empty");
  const CollectedRuns collected =
      runs.collect({"empty", "a", "unfinished", "other", "newer", "broken", "cut", "file", "nothing"});
  CHECK(collected.results.cells.size() == 1);
  REQUIRE(collected.skipped.size() == 8);
  const auto& skipped = collected.skipped;
  CHECK(skipped[0] == runs.skipped("empty", "not a run: it has no config.resolved.toml"));
  CHECK(skipped[1] == runs.skipped("unfinished", "not finished: it has no summary.json"));
  CHECK(skipped[2] == runs.skipped("other", "it used another cohort than " + (runs.path / "a").string()));
  CHECK(skipped[3].find("unknown key \"nonsense\"") != std::string::npos);
  CHECK(skipped[4].find("parse error") != std::string::npos);
  CHECK(skipped[5] == runs.skipped("cut", "the file has no predictions of seed 5"));
  CHECK(skipped[6] == runs.skipped("file", "not a folder"));
  CHECK(skipped[7] == runs.skipped("nothing", "not a folder"));
}

TEST_CASE("collected runs: a seed that two runs have counts once, and no run at all is a usage error") {
  const Runs runs;
  runs.write("a", config_of({0, 1}), 3);
  runs.write("b", config_of({1, 2}), 3);
  const CollectedRuns collected = runs.collect({"a", "b", "a"});
  CHECK(collected.results.cells.size() == 3);
  CHECK(collected.results.plan.trainings.size() == 2);
  CHECK(collected.results.rows[0][0].seeds == 3);
  const std::string same = "is the same as in " + (runs.path / "a").string();
  CHECK(collected.skipped == std::vector<std::string>{runs.skipped("b", "seed 1 " + same),
                                                      runs.skipped("a", "seed 0 " + same),
                                                      runs.skipped("a", "seed 1 " + same)});
  try {
    runs.collect({"nothing"});
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(std::string(error.what()).find("nothing: not a folder") != std::string::npos);
  }
}
