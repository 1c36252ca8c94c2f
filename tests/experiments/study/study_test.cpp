// SPDX-License-Identifier: Apache-2.0
// A study's file: its rows in order, options that rows set, grids, random draws, parts, and errors with their position.
#include "experiments/study/study.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "experiments/study/trainings.h"
#include "losses/dynlocrep.h"
#include "tensor/error.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

namespace fs = std::filesystem;

/// A folder with a base configuration, removed at the end.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("cg-study-" + std::to_string(getpid()));
  Folder() {
    fs::create_directories(path);
    write("base.toml", "seeds = [7]\ntrain.epochs = 20\nloss.name = \"dynlocrep\"\ndata.cohort = \"maps.h5\"\n");
  }
  ~Folder() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path / name) << text; }
};

std::vector<Study> read(const Folder& folder, const std::string& text, const std::vector<std::string>& overrides = {}) {
  return read_studies({(folder.path / "mine.toml").string(), text, overrides}, folder.path);
}

std::string refusal(const Folder& folder, const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    read(folder, text, overrides);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    std::string message = error.what();
    for (std::size_t at; (at = message.find(folder.path.string() + "/")) != std::string::npos;)
      message.erase(at, folder.path.string().size() + 1);
    return message;
  }
  return "";
}

const std::string head = "[study]\nbase = \"base.toml\"\nseeds = [0, 3]\n";

}  // namespace

TEST_CASE("Study: rows are in the file's order, and set options of the base configuration") {
  const Folder folder;
  const auto studies =
      read(folder, head +
                       "[study.rows.zebra]\nlabel = \"Zebra\"\npaper = [3.7, 0.2]\nloss.sigma = 5\n"
                       "[study.rows.ant]\nloss.name = \"threshold\"\ndata.augment.apply = [\"flip\"]\n");
  REQUIRE(studies.size() == 1);
  CHECK(studies[0].name == "mine");
  const auto& rows = studies[0].rows;
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].name == "zebra");
  CHECK(rows[0].label == "Zebra");
  REQUIRE(rows[0].paper);
  CHECK(rows[0].paper->mean == 3.7);
  CHECK(rows[0].paper->sd == 0.2);
  CHECK(rows[0].config.loss.shared.sigma == 5.0);
  CHECK(rows[0].config.train.epochs == 20);
  CHECK(rows[0].config.seeds == std::vector<Index>{0, 3});
  CHECK(rows[0].config.data.cohort == (folder.path / "maps.h5").string());
  CHECK(rows[1].label == "ant");
  CHECK_FALSE(rows[1].paper);
  CHECK(rows[1].config.loss.name == "threshold");
  CHECK(rows[1].config.data.augment.apply == std::vector<std::string>{"flip"});
  CHECK(rows[0].config.loss.name == "dynlocrep");
}

TEST_CASE("Study: options of the file count for all rows, a row's own ones more, the command line's most") {
  const Folder folder;
  const std::string text =
      head + "[study.rows.a]\n[study.rows.b]\ntrain.epochs = 40\n[train]\nepochs = 30\nbatch_size = 16\n";
  const auto rows = read(folder, text)[0].rows;
  CHECK(rows[0].config.train.epochs == 30);
  CHECK(rows[1].config.train.epochs == 40);
  CHECK(rows[1].config.train.batch_size == 16);
  const auto given = read(folder, text, {"train.epochs=50", "study.seeds=[1]", "data.cohort=other.h5"})[0].rows;
  for (const StudyRow& row : given) {
    CHECK(row.config.train.epochs == 50);
    CHECK(row.config.seeds == std::vector<Index>{1});
    CHECK(row.config.data.cohort == (fs::current_path() / "other.h5").string());
  }
}

TEST_CASE("Study: a grid has a row for each combination, named by what varies") {
  const Folder folder;
  const auto rows =
      read(folder, head + "[study.grid]\nloss.far_decay = [0, 0.5]\nloss.distance = [\"cosine\", \"manhattan\"]\n")[0]
          .rows;
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].label == "far_decay = 0.0, distance = \"cosine\"");
  CHECK(rows[3].config.loss.own.of<DynLocRep>().far_decay == 0.5);
  CHECK(rows[3].config.loss.shared.distance == Distance::manhattan);
}

TEST_CASE("Study: random draws lie in their ranges, both ends included, and depend on the seed alone") {
  const Folder folder;
  const auto draw = [&](const std::string& seed) {
    return read(folder, head + "[study.random]\ndraws = 60\nseed = " + seed +
                            "\nloss.final_neighbours = [3, 5]\ntrain.learning_rate = [1e-5, 1e-3]\n")[0]
        .rows;
  };
  const auto rows = draw("1"), same = draw("1"), other = draw("2");
  REQUIRE(rows.size() == 60);
  std::set<Index> seen;
  bool differs = false;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const Config& c = rows[k].config;
    seen.insert(c.loss.own.of<DynLocRep>().final_neighbours);
    CHECK(c.train.learning_rate >= 1e-5);
    CHECK(c.train.learning_rate <= 1e-3);
    CHECK(config_digest(c) == config_digest(same[k].config));
    differs = differs || config_digest(c) != config_digest(other[k].config);
  }
  CHECK(seen == std::set<Index>{3, 4, 5});
  CHECK(differs);
}

TEST_CASE("Study: no combination is drawn twice, and more draws than combinations are refused") {
  const Folder folder;
  const auto text = [](const std::string& draws) {
    return head + "[study.random]\ndraws = " + draws + "\nloss.final_neighbours = [3, 5]\nloss.step_size = [1, 2]\n";
  };
  std::set<std::string> names;
  const std::vector<Study> six = read(folder, text("6"));
  for (const StudyRow& row : six[0].rows) names.insert(row.name);
  CHECK(names.size() == 6);
  CHECK(refusal(folder, text("7")).find("the ranges have 6 combinations only") != std::string::npos);
}

TEST_CASE("Study: parts are other studies, which the command line changes together") {
  const Folder folder;
  folder.write("one.toml", head + "[study.rows.a]\n");
  folder.write("two.toml", head + "[study.rows.b]\nloss.sigma = 3\n");
  const auto studies =
      read(folder, "[study]\nparts = [\"one\", \"two.toml\"]\n", {"train.epochs=11", "study.seeds=[4]"});
  REQUIRE(studies.size() == 2);
  CHECK(studies[0].name == "one");
  CHECK(studies[1].rows[0].config.train.epochs == 11);
  CHECK(studies[1].rows[0].config.seeds == std::vector<Index>{4});
  CHECK(refusal(folder, "[study]\nparts = [\"one\"]\n[study.rows.a]\n").find("cannot have separate rows") !=
        std::string::npos);
  CHECK(refusal(folder, "[study]\nparts = [\"one\", \"one\"]\n").find("\"one\" twice") != std::string::npos);
}

TEST_CASE("Study: what would be ignored is refused: seeds of a row, draws that are missing, keys beside parts") {
  const Folder folder;
  const std::string row = head + "[study.rows.a]\n";
  CHECK(refusal(folder, row + "seeds = [5]\n").starts_with("mine.toml:5:1: seeds: a study has the same seeds"));
  CHECK(refusal(folder, "seeds = [5]\n" + row).starts_with("mine.toml:1:1: seeds: a study has the same seeds"));
  CHECK(refusal(folder, row, {"seeds=0"}).starts_with("command line: seeds: a study has the same seeds"));
  CHECK(
      refusal(folder, row + "[study.random]\nloss.sigma = [1, 3]\n").find("study.random.draws: expected the number") !=
      std::string::npos);
  folder.write("one.toml", row);
  folder.write("both.toml", "[study]\nparts = [\"one\"]\n");
  CHECK(refusal(folder, "[study]\nparts = [\"one\"]\nseeds = [1]\n").starts_with("mine.toml:3:9: study.seeds: "));
  CHECK(refusal(folder, "[study]\nparts = [\"both\"]\n").find("\"both\" itself has parts") != std::string::npos);
}

TEST_CASE("Study: a mistake that all rows share is reported once") {
  const Folder folder;
  const std::string message =
      refusal(folder, head + "[study.rows.a]\n[study.rows.b]\n[train]\nepochs = 0\n", {"train.batch_size=1"});
  CHECK(std::ranges::count(message, '\n') == 1);
  CHECK(message.find("train.epochs = 0") != std::string::npos);
}

TEST_CASE("Study: all mistakes are reported together, each with its line and column") {
  const Folder folder;
  CHECK(refusal(folder,
                head + "protocl = \"k_fold\"\n[study.rows.a]\nloss.sigma = \"wide\"\n[study.rows.b]\nlos.name = 3\n")
            .starts_with("mine.toml:4:1: unknown key \"protocl\" in [study]; did you mean \"protocol\"?"));
  const std::string message =
      refusal(folder, head + "[study.rows.a]\nloss.sigma = \"wide\"\n[study.rows.b]\npaper = [1]\nlos.name = 3\n");
  CHECK(message.find("mine.toml:5:14: loss.sigma: expected") != std::string::npos);
  CHECK(message.find("mine.toml:7:9: study.rows.b.paper: expected the mean and the SD") != std::string::npos);
  CHECK(message.find("unknown section [los]; did you mean [loss]?") != std::string::npos);
  CHECK(
      refusal(folder, "[study]\n[study.rows.a]\n").starts_with("mine.toml:1:1: study.base: expected a configuration"));
  CHECK(refusal(folder, head).find("this study has no rows") != std::string::npos);
  CHECK(refusal(folder, head + "reference = \"c\"\n[study.rows.a]\n").starts_with("mine.toml:4:13: study.reference"));
  CHECK(refusal(folder, head + "[study.grid]\nloss.sigma = 3\n").find("expected a list of values") !=
        std::string::npos);
  CHECK(
      refusal(folder, head + "[study.random]\ndraws = 2\nloss.sigma = [3.0, 1.0]\n").find("the two ends of a range") !=
      std::string::npos);
  CHECK(refusal(folder, head + "[study.rows.a]\ndata.folds = 3\ndata.fold = 3\n").find("data.fold = 3") !=
        std::string::npos);
  CHECK(
      refusal(folder, head + "[study.rows.a]\n", {"train.epoch=3"}).starts_with("command line: unknown key \"epoch\""));
}

TEST_CASE("Trainings: rows that differ in predictor or place of features share one, as equal rows of two studies do") {
  const Folder folder;
  folder.write("one.toml", head +
                               "[study.rows.ridge]\n[study.rows.l1]\nevaluation.predictor = \"l1\"\n"
                               "[study.rows.encoder]\nevaluation.features = \"encoder\"\n");
  folder.write("two.toml", head + "[study.rows.same]\n[study.rows.other]\nloss.sigma = 3\n");
  const StudyPlan plan = plan_studies(read(folder, "[study]\nparts = [\"one\", \"two\"]\n"), "trainings");
  CHECK(plan.cells.size() == 2 * 5);
  REQUIRE(plan.trainings.size() == 2 * 2);
  for (const Training& training : plan.trainings) {
    CHECK(training.config.seeds.size() == 1);
    CHECK(training.config.evaluation.embeddings_at.back() == training.config.train.epochs);
    CHECK_FALSE(training.is_done());
  }
  CHECK(plan.trainings[0].text == "ridge, seed 0");
  CHECK(plan.trainings[0].folder.parent_path() == "trainings");
}

TEST_CASE("Trainings: with k_fold each fold is trained, and needs a split into folds") {
  const Folder folder;
  const std::string text = head + "protocol = \"k_fold\"\n[study.rows.a]\n[data]\nfolds = 3\n";
  const StudyPlan plan = plan_studies(read(folder, text), "trainings");
  REQUIRE(plan.trainings.size() == 2 * 3);
  CHECK(plan.trainings[1].text == "a, seed 0, fold 1");
  CHECK(plan.trainings[1].config.data.fold == 1);
  CHECK(plan.trainings[0].config.data.split_seed == 42);
  CHECK(plan.trainings[2].config.data.split_seed == 42);
  CHECK(plan.trainings[3].config.data.split_seed == 45);  // seed 3 has another division
  const auto by_column = read(folder, text + "split = \"column\"\n");
  CHECK_THROWS_WITH_AS(plan_studies(by_column, "trainings"), doctest::Contains("needs a split into folds"), Error);
}

TEST_CASE("Study: every shipped study is valid, and its base is the paper's setting") {
  const fs::path experiments = fs::path(CG_TEST_SOURCE) / "experiments";
  int studies = 0;
  for (const auto& entry : fs::directory_iterator(experiments)) {
    if (entry.path().extension() != ".toml") continue;
    const Source source = read_source(entry.path().string(), {});
    if (!is_study(source)) continue;
    ++studies;
    CAPTURE(entry.path().string());
    for (const Study& study : read_studies(source, experiments)) CHECK_FALSE(study.rows.empty());
  }
  CHECK(studies == 10);
  const Source table3 = read_source((experiments / "table3.toml").string(), {});
  const std::vector<Study> studies3 = read_studies(table3, experiments);
  for (const StudyRow& row : studies3[0].rows)
    if (row.name == "rank_n_contrast")  // its own published temperature
      CHECK(resolved_config(row.config).find("temperature = \"published\"  # here 2.0") != std::string::npos);
  CHECK_THROWS_WITH_AS(parse_config(table3), doctest::Contains("this is a study of several runs"), Error);
}

TEST_CASE("Study: a training has all options of its row except those that are evaluated on what it stored") {
  const Folder folder;
  const StudyRow row =
      read(folder, head +
                       "[study.rows.a]\nloss.sigma = 3\nloss.step_size = 7\npretrained.weights = "
                       "\"t1.h5\"\ndata.augment.apply = [\"flip\"]\nevaluation.predictor = \"l1\"\n"
                       "evaluation.features = \"encoder\"\nevaluation.watch = \"test\"\nevaluation.every = 4\n")[0]
          .rows[0];
  std::set<std::string> keys;
  for (const Option& option : changed_options(training_config(row, 3, row.config.data), row.config))
    keys.insert(option.key);
  CHECK(keys ==
        std::set<std::string>{"seeds", "evaluation.predictor", "evaluation.features", "evaluation.embeddings_at"});
}
