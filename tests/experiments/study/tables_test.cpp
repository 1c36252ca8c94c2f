// SPDX-License-Identifier: Apache-2.0
// Tables of a study: each number under its own heading, and each row with its own label and paper's number.
#include "experiments/study/tables.h"

#include <doctest/doctest.h>

#include <map>
#include <sstream>

#include "tests/experiments/study/results.h"

using namespace cg;
using namespace cg::test;

namespace {

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line + ",");
  for (std::string word; std::getline(in, word, ',');) out.push_back(word);
  return out;
}

/// Three rows with the paper's numbers 1, 2 and 3; no training of the first is finished.
StudyPlan three_rows() {
  StudyPlan plan = plan_of(3, 1);
  for (std::size_t r = 0; r < 3; ++r) plan.studies[0].rows[r].paper = MeanSd{static_cast<double>(r + 1), 0.5};
  plan.studies[0].options.reference = "c";
  return plan;
}

std::vector<CellResult> last_two(const StudyPlan& plan) {
  return {cell_of(plan.cells[1], {1, -2, 3, -4, 6}), cell_of(plan.cells[2], {3, 3, 3, 3, 3})};
}

}  // namespace

TEST_CASE("tables: each column of results.csv has the number that its heading names") {
  StudyPlan plan = plan_of(1, 2, 2, Protocol::k_fold);
  plan.trainings[3].folder = "trainings/abc";
  CellResult cell = cell_of(plan.cells[3], {1, -2, 4});
  cell.test = {.mae = 1.5, .rmse = 2.5, .r2 = 0.25, .r = 0.75};
  cell.gap_slope = -0.125;
  cell.penalty = 10;
  cell.mean_age.mae = 17;
  cell.validation_mae = 3.5;
  std::istringstream csv(results_csv(plan, {cell}));
  std::string head, line;
  std::getline(csv, head);
  std::getline(csv, line);
  const std::vector<std::string> keys = words(head), values = words(line);
  REQUIRE(keys.size() == values.size());
  std::map<std::string, std::string> row;
  for (std::size_t k = 0; k < keys.size(); ++k) row[keys[k]] = values[k];
  CHECK(row == std::map<std::string, std::string>{{"study", "mine"},
                                                  {"row", "a"},
                                                  {"label", "row a"},
                                                  {"seed", "1"},
                                                  {"fold", "1"},
                                                  {"test_study", ""},
                                                  {"mae", "1.5"},
                                                  {"r", "0.75"},
                                                  {"train_subjects", "12"},
                                                  {"test_subjects", "3"},
                                                  {"r2", "0.25"},
                                                  {"rmse", "2.5"},
                                                  {"gap_slope", "-0.125"},
                                                  {"penalty", "10"},
                                                  {"mean_age_mae", "17"},
                                                  {"validation_mae", "3.5"},
                                                  {"training", "abc"},
                                                  {"synthetic", "0"}});
}

TEST_CASE("tables: a row that is not finished leaves its place, and not its label and paper's number to the next") {
  const StudyPlan plan = three_rows();
  const std::vector<CellResult> cells = last_two(plan);
  const std::string text = study_table(plan, 0, summarise_study(plan, 0, cells));
  CHECK(text.find("row a") == std::string::npos);
  std::map<std::string, std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines[line.substr(0, 5)] = line;
  CHECK(lines["row b"].find("3.200            2.000 ± 0.500") != std::string::npos);
  CHECK(lines["row c"].find("3.000            3.000 ± 0.500") != std::string::npos);
}

TEST_CASE("tables: the errors by group are those of the row that the heading names") {
  const StudyPlan plan = three_rows();
  const std::vector<CellResult> cells = last_two(plan);
  const std::string text = groups_table(plan, 0, summarise_study(plan, 0, cells), cells);
  CHECK(text.find("row c by group") != std::string::npos);
  CHECK(text.find("5  3.000            +3.000\n") != std::string::npos);
}
