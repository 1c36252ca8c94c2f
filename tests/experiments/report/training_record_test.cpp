// SPDX-License-Identifier: Apache-2.0
// What a training wrote, and what the report says of its epochs, its time, and the rows that it belongs to.
#include "experiments/report/training_record.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "experiments/report/cost_section.h"
#include "experiments/report/setting_section.h"
#include "experiments/report/training_section.h"
#include "tests/experiments/report/sample_study.h"

using namespace cg;
using namespace cg::test;

namespace {

namespace fs = std::filesystem;

/// Epochs of a seed: training loss 100 + seed, validation MAE 7 + seed, test MAE 5 + seed, which fall by 1 an epoch.
void add_epochs(TrainingRecord& record, Index seed, Index epochs, Index neighbours = 0) {
  for (Index epoch = 1; epoch <= epochs; ++epoch) {
    EpochRow row;
    row.seed = seed;
    row.epoch = epoch;
    row.loss = static_cast<double>(100 + seed - epoch);
    row.validation_mae = static_cast<double>(7 + seed - epoch);
    row.mae = static_cast<double>(5 + seed - epoch);
    row.neighbours = neighbours > 0 ? neighbours - epoch : 0;
    record.epochs.push_back(row);
  }
}

/// Two rows with one seed and a training each.
StudyResults two_trainings(const std::string& name = "mine") {
  StudyResults results = sample_results(name, {{"a", "A", {{21, 42, 63}}}, {"b", "B", {{22, 43, 64}}}});
  results.plan.trainings = {{Config(), "first", "A, seed 0"}, {Config(), "second", "B, seed 0"}};
  results.plan.cells[1].training = results.cells[1].cell.training = 1;
  return results;
}

const Figure& figure(const std::vector<Figure>& figures, const std::string& name) {
  const auto found = std::ranges::find(figures, name, &Figure::name);
  REQUIRE_MESSAGE(found != figures.end(), name);
  return *found;
}

std::string text_of(const Section& section) {
  std::string out;
  for (const Paragraph& p : blocks_of<Paragraph>(section)) out += p.text + "\n";
  return out;
}

}  // namespace

TEST_CASE("training record: each number is that of its column or key") {
  const fs::path folder = fs::temp_directory_path() / fmt::format("cg-training-record-{}", getpid());
  fs::create_directories(folder);
  std::ofstream(folder / "metrics.csv") << "seed,epoch,loss,learning_rate,neighbours,seconds,mae,validation_mae\n"
                                           "4,1,2.5,0.001,31,9,6.25,7.5\n4,2,2.25,0.0009,,8,,\n";
  std::ofstream(folder / "summary.json")
      << R"({"seeds": [{"seconds": 3}, {"seconds": 4}], "device": "d", "precision": "p", "commit": "c", "sources": "s",
             "config_sha256": "config", "pretrained_sha256": "weights", "cohort": {"name": "n", "sha256": "digest",
             "synthetic": true, "subjects": 60, "train": 40, "validation": 9, "test": 11}})";
  std::ofstream(folder / "environment.json") << R"({"version": "1.2", "cores": 2})";
  const TrainingRecord record = read_training(folder);
  fs::remove_all(folder);
  REQUIRE(record.epochs.size() == 2);
  const EpochRow &first = record.epochs[0], &second = record.epochs[1];
  CHECK(first.seed == 4);
  CHECK(second.epoch == 2);
  CHECK(first.loss == 2.5);
  CHECK(first.learning_rate == 0.001);
  CHECK(first.neighbours == 31);
  CHECK(second.neighbours == 0);
  CHECK(first.seconds == 9);
  CHECK(first.mae == 6.25);
  CHECK(first.validation_mae == 7.5);
  CHECK(std::isnan(second.mae));
  CHECK(record.seconds == 7);
  CHECK(std::vector{record.device, record.precision, record.commit, record.sources} ==
        std::vector<std::string>{"d", "p", "c", "s"});
  CHECK(std::vector{record.cohort, record.cohort_digest, record.config_digest, record.weights_digest} ==
        std::vector<std::string>{"n", "digest", "config", "weights"});
  CHECK(record.synthetic);
  CHECK(std::vector{record.subjects, record.train, record.validation, record.test} ==
        std::vector<Index>{60, 40, 9, 11});
  CHECK(record.environment == std::map<std::string, std::string>{{"cores", "2"}, {"version", "1.2"}});
}

TEST_CASE("training: the curves of loss, validation and test part are not exchanged, nor are the rows") {
  const StudyResults results = two_trainings();
  TrainingRecords records;
  add_epochs(records[0], 0, 3);
  add_epochs(records[1], 0, 2);
  records[1].epochs[0].mae = 4.5;
  const std::vector<Figure> figures = blocks_of<Figure>(training_section(results, records));
  const auto first = [&](const std::string& name, std::size_t row) {
    return figure(figures, name).numbers.rows.at(row).cells.at(1);
  };
  CHECK(first("mine-loss", 0) == "99.0000");
  CHECK(first("mine-validation", 0) == "6.000");
  CHECK(first("mine-test", 0) == "4.000");
  CHECK(first("mine-test", 1) == "4.500");
  CHECK(figure(figures, "mine-test").numbers.rows[1].cells[0] == "B");
}

TEST_CASE("training: neighbours of all studies, each with its own label and numbers, and its own line") {
  StudyResults results = two_trainings();
  StudyResults more = two_trainings("other");
  more.plan.studies[0].rows[1].label = "C";
  results.plan.studies.push_back(more.plan.studies[0]);
  results.plan.cells.push_back({1, 1, 2, 0, 0});
  results.plan.trainings.push_back({Config(), "third", "C, seed 0"});
  TrainingRecords records;
  add_epochs(records[0], 0, 3);
  add_epochs(records[1], 0, 3, 9);
  add_epochs(records[2], 0, 3, 20);
  const std::vector<Figure> figures = blocks_of<Figure>(training_section(results, records));
  const std::vector<TableRow>& rows = figure(figures, "neighbours").numbers.rows;
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].cells[0] == "B");
  CHECK(rows[0].cells[1] == "8");
  CHECK(rows[1].cells[0] == "C");
  CHECK(rows[1].cells[1] == "19");
}

TEST_CASE("cost: the time of a row is that of its own trainings, each counted once") {
  StudyResults results = two_trainings();
  TrainingRecords records;
  add_epochs(records[0], 0, 2);
  records[0].seconds = 40;
  add_epochs(records[1], 0, 2);
  add_epochs(records[1], 1, 2);
  records[1].seconds = 20;  // of both seeds, in one run
  results.plan.cells.push_back({0, 1, 1, 1, 0});
  const ReportTable times = blocks_of<ReportTable>(cost_section(results, records)).at(0);
  REQUIRE(times.rows.size() == 2);
  CHECK(times.rows[0].cells[1] == "A");
  CHECK(times.rows[0].cells[3] == "1");
  CHECK(times.rows[0].cells[4] == "40 s");
  CHECK(times.rows[0].cells[5] == "20.0 s");
  CHECK(times.rows[1].cells[3] == "1");
  CHECK(times.rows[1].cells[4] == "20 s");
  CHECK(times.rows[1].cells[5] == "5.0 s");
}

TEST_CASE("setting and methods: the main row's own training and configuration, and each row's own options") {
  StudyResults results = two_trainings();
  results.plan.studies[0].options.reference = "b";
  results.plan.studies[0].rows.push_back({"c", "C", std::nullopt, Config()});
  results.plan.studies[0].rows[1].config.train.epochs = 33;
  results.plan.studies[0].rows[2].config.train.batch_size = 12;
  TrainingRecords records;
  records[0].device = "first device";
  records[1].device = "second device";
  const std::string text = text_of(methods_section(results, records));
  CHECK(text.find("for 33 epochs in batches of 32") != std::string::npos);
  CHECK(text.find("on second device.") != std::string::npos);
  const Section setting = setting_section(results, records);
  const ReportTable options = blocks_of<ReportTable>(setting).at(0);
  REQUIRE(options.rows.size() == 3);
  CHECK(options.rows[0].cells == std::vector<std::string>{"mine", "A", "train.epochs = 50"});
  CHECK(options.rows[1].cells == std::vector<std::string>{"mine", "B", "those of the configuration below"});
  CHECK(options.rows[2].cells == std::vector<std::string>{"mine", "C", "train.epochs = 50, train.batch_size = 12"});
  CHECK(blocks_of<Listing>(setting).at(0).text.find("epochs = 33") != std::string::npos);
}
