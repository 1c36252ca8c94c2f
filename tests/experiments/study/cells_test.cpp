// SPDX-License-Identifier: Apache-2.0
// From cells to rows: means over seeds, differences to the reference, what selects, and complete seeds alone.
#include "experiments/study/cells.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "experiments/statistics/predictor.h"
#include "experiments/statistics/resampled.h"
#include "experiments/study/tables.h"
#include "tensor/error.h"
#include "tensor/random.h"
#include "tests/experiments/study/results.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Errors of n subjects around a mean error of `size`.
std::vector<double> errors(Index n, double size, std::uint64_t seed) {
  Random random({.seed = seed});
  std::vector<double> out;
  for (Index k = 0; k < n; ++k) out.push_back(size + 0.3 * random.normal());
  return out;
}

/// Each cell tests 10 subjects, all folds together other ones; row r has errors of about 3 + r.
std::vector<CellResult> cells_of(const StudyPlan& plan) {
  std::vector<CellResult> out;
  for (const Cell& cell : plan.cells)
    out.push_back(cell_of(cell, errors(10, 3 + static_cast<double>(cell.row), cell.training), 10 * cell.fold));
  return out;
}

}  // namespace

TEST_CASE("rows: the difference is the row minus the reference, so a worse row is above 0") {
  StudyPlan plan = plan_of(3, 2);
  plan.studies[0].options.reference = "b";
  const std::vector<RowResult> rows = summarise_study(plan, 0, cells_of(plan));
  REQUIRE(rows.size() == 3);
  CHECK_FALSE(rows[1].difference);
  REQUIRE(rows[0].difference);
  REQUIRE(rows[2].difference);
  CHECK(rows[0].difference->mean == doctest::Approx(rows[0].mae.mean - rows[1].mae.mean));
  CHECK(rows[0].difference->high < 0);
  CHECK(rows[2].difference->low > 0);
  CHECK_FALSE(rows[2].resampled);
}

TEST_CASE("rows: the p values of all comparisons with the reference are corrected together") {
  const StudyPlan plan = plan_of(4, 1);
  std::vector<CellResult> cells;
  for (const Cell& cell : plan.cells)
    cells.push_back(cell_of(cell, errors(30, 3 + 0.03 * static_cast<double>(cell.row), cell.training)));
  const std::vector<RowResult> rows = summarise_study(plan, 0, cells);
  std::vector<double> p;
  for (std::size_t r = 1; r < rows.size(); ++r) p.push_back(rows[r].difference->p);
  const std::vector<double> want = holm(p);
  bool larger = false;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    CHECK(rows[r].corrected_p == want[r - 1]);
    larger = larger || rows[r].corrected_p > rows[r].difference->p;
  }
  CHECK(larger);
}

TEST_CASE("rows: a seed counts when all of its folds are there, and once") {
  const StudyPlan plan = plan_of(2, 3, 2, Protocol::k_fold);
  std::vector<CellResult> cells = cells_of(plan);
  CHECK(summarise_study(plan, 0, cells)[0].seeds == 3);
  std::vector<CellResult> less = cells;
  less.erase(less.begin());  // row a, seed 0, fold 0
  const RowResult row = summarise_study(plan, 0, less)[0];
  CHECK(row.seeds == 2);
  CHECK(row.wanted == 3);
  CHECK(complete_seeds(plan, 0, 0, less).size() == 2);
  cells.push_back(cells[0]);  // twice
  CHECK(complete_seeds(plan, 0, 0, cells).size() == 2);
}

TEST_CASE("rows: with several folds a seed's error is that over the subjects of all folds") {
  const StudyPlan plan = plan_of(1, 1, 2, Protocol::k_fold);
  const std::vector<CellResult> cells = {cell_of(plan.cells[0], {1, 1, 1, 1, 1, 1}),
                                         cell_of(plan.cells[1], {4, 4, 4}, 6)};
  CHECK(summarise_study(plan, 0, cells)[0].mae.mean == doctest::Approx(2));  // (6 · 1 + 3 · 4) / 9
}

TEST_CASE("rows: with several folds the baseline and the validation error count every subject once") {
  const StudyPlan plan = plan_of(1, 1, 2, Protocol::k_fold);
  std::vector<CellResult> cells = {cell_of(plan.cells[0], {1, 1, 1, 1, 1, 1}), cell_of(plan.cells[1], {4, 4, 4}, 6)};
  cells[0].mean_age.mae = 10;
  cells[1].mean_age.mae = 16;
  cells[0].validation_mae = 3;
  cells[0].validation_subjects = 1;
  cells[1].validation_mae = 7;
  cells[1].validation_subjects = 3;
  const RowResult row = summarise_study(plan, 0, cells)[0];
  CHECK(row.mean_age_mae == doctest::Approx(12));   // (6 · 10 + 3 · 16) / 9
  CHECK(row.validation_mae == doctest::Approx(6));  // (3 + 3 · 7) / 4
}

TEST_CASE("rows: k_fold and repeated have the interval for divisions that share subjects, over seeds and folds") {
  for (const Protocol protocol : {Protocol::k_fold, Protocol::repeated, Protocol::leave_one_study_out}) {
    const StudyPlan plan = plan_of(2, 3, 2, protocol);
    const std::vector<CellResult> cells = cells_of(plan);
    const std::vector<RowResult> rows = summarise_study(plan, 0, cells);
    REQUIRE(rows[1].resampled.has_value() == (protocol != Protocol::leave_one_study_out));
    if (!rows[1].resampled) continue;
    std::vector<DivisionDifference> divisions;
    for (std::size_t k = 0; k < 6; ++k)
      divisions.push_back({cells[k + 6].test.mae - cells[k].test.mae, 10, cells[k].train_subjects});
    const PairedDifference want = resampled_difference(divisions);
    CHECK(rows[1].resampled->mean == doctest::Approx(want.mean));
    CHECK(rows[1].resampled->low == doctest::Approx(want.low));
    CHECK(rows[1].resampled->high == doctest::Approx(want.high));
    CHECK(rows[1].corrected_resampled_p == doctest::Approx(want.p));
  }
}

TEST_CASE("rows: with seeds that test different subjects, those that a seed tests with both rows are compared") {
  const StudyPlan plan = plan_of(2, 2, 1, Protocol::repeated);
  const std::vector<CellResult> cells = {
      cell_of(plan.cells[0], {1, 1, 1, 1, 1, 1}), cell_of(plan.cells[1], {1, 1, 1, 1, 1, 1}, 4),
      cell_of(plan.cells[2], {2, 2, 2, 2, 2, 2}), cell_of(plan.cells[3], {4, 4, 4, 4, 4, 4}, 4)};
  const std::vector<RowResult> rows = summarise_study(plan, 0, cells);
  REQUIRE(rows[1].difference);
  CHECK(rows[1].difference->mean == doctest::Approx(2));  // 1 with seed 0, 3 with seed 1
}

TEST_CASE("rows: fewer than three common subjects are not compared") {
  const StudyPlan plan = plan_of(2, 1);
  const auto difference = [&](Index first) {
    return summarise_study(plan, 0,
                           {cell_of(plan.cells[0], errors(8, 3, 1)), cell_of(plan.cells[1], errors(8, 4, 2), first)})[1]
        .difference;
  };
  CHECK(difference(5).has_value());
  CHECK_FALSE(difference(6).has_value());
}

TEST_CASE("rows: the row with the lowest validation error is chosen, whatever the test part says") {
  StudyPlan plan = plan_of(3, 2);
  for (StudyRow& row : plan.studies[0].rows) row.config.data.validation = 0.2;
  std::vector<CellResult> cells = cells_of(plan);  // row a has the lowest test error
  for (CellResult& cell : cells) cell.validation_subjects = 2;
  for (CellResult& cell : cells)
    cell.validation_mae = cell.cell.row == 2 ? 4.0 : 5.0 + static_cast<double>(cell.cell.row);
  const std::vector<RowResult> rows = summarise_study(plan, 0, cells);
  CHECK(rows[2].validation_mae == doctest::Approx(4));
  const std::string table = study_table(plan, 0, rows);
  CHECK(table.find("chosen by the validation part: row c (validation MAE 4.000") != std::string::npos);
  CHECK(table.find("protocol: published (one test part for all seeds); selection: by the lowest validation MAE") !=
        std::string::npos);
}

TEST_CASE("rows: trainings of different cohorts are refused") {
  const StudyPlan plan = plan_of(2, 1);
  std::vector<CellResult> cells = cells_of(plan);
  cells[1].cohort = "another";
  CHECK_THROWS_WITH_AS(summarise_study(plan, 0, cells), doctest::Contains("different cohorts"), Error);
}

TEST_CASE("cells: what a training stored is read once for all rows that need it") {
  StudyPlan plan = plan_of(3, 2);
  for (Cell& cell : plan.cells) cell.training = static_cast<std::size_t>(cell.seed);  // three rows, two trainings
  plan.studies[0].rows[1].config.evaluation.features = Features::encoder;
  std::map<std::string, int> reads;
  const ReadFeatures read = [&](const Training& training) {
    ++reads[training.folder.string()];
    StoredFeatures out;
    Random random({.seed = 4});
    for (Index i = 0; i < 40; ++i) {
      out.ids.push_back(std::to_string(i));
      out.parts.push_back(i % 4 == 0 ? "test" : i % 4 == 1 ? "validation" : "train");
      out.ages.push_back(20 + static_cast<double>(i));
      out.sexes.push_back(i % 8 == 0 ? "F" : "M");
      out.studies.push_back("one");
      out.projected.subjects.push_back(i);
      for (int k = 0; k < 2; ++k) {
        out.projected.values.push_back(out.ages.back() * (k + 1) + random.normal());
        out.encoder.values.push_back(random.normal());
      }
    }
    out.projected.width = out.encoder.width = 2;
    out.encoder.subjects = out.projected.subjects;
    return out;
  };
  const std::vector<CellResult> cells = evaluate_cells(plan, {true, true, false, false, false, false}, read);
  CHECK(reads ==
        std::map<std::string, int>{{plan.trainings[0].folder.string(), 1}, {plan.trainings[1].folder.string(), 1}});
  REQUIRE(cells.size() == 6);
  for (std::size_t k = 0; k < cells.size(); ++k) {  // in the plan's order
    CHECK(cells[k].cell.row == plan.cells[k].row);
    CHECK(cells[k].cell.seed == plan.cells[k].seed);
    CHECK(cells[k].ids.size() == 10);
    CHECK(cells[k].train_subjects == 20);
    CHECK(cells[k].sexes[0] == "F");
    CHECK(cells[k].sexes[1] == "M");
    CHECK(std::isfinite(cells[k].validation_mae));
  }
  CHECK(cells[0].test.mae < cells[2].test.mae);  // the features of row b are noise
  CHECK(evaluate_cells(plan, {false, true, false, false, false, false}, read).size() == 3);
}

TEST_CASE("cells: each number is that of its part: fitted on the training part, selected by validation, then tested") {
  StudyPlan plan = plan_of(1, 1);
  StoredFeatures stored;
  Random random({.seed = 6});
  std::map<std::string, std::vector<double>> ages, values;
  for (Index i = 0; i < 60; ++i) {
    stored.ids.push_back(std::to_string(i));
    stored.parts.push_back(i % 5 == 0 ? "test" : i % 5 == 1 ? "validation" : "train");
    stored.ages.push_back(20 + static_cast<double>(i) + (i % 5 == 0 ? 9 : 0));  // another mean in the test part
    stored.projected.subjects.push_back(i);
    stored.projected.values.push_back(0.5 * stored.ages.back() + 4 * random.normal());
    ages[stored.parts.back()].push_back(stored.ages.back());
    values[stored.parts.back()].push_back(stored.projected.values.back());
  }
  stored.sexes = stored.studies = std::vector<std::string>(stored.ids.size());
  stored.projected.width = 1;
  const CellResult cell = evaluate_cell(plan, plan.cells[0], stored);
  const auto rows = [&](const char* part) {
    return FeatureRows{values[part], static_cast<Index>(values[part].size()), 1};
  };
  const AgePredictor predictor = fit_predictor({}, rows("train"), ages["train"]);
  CHECK(cell.penalty == predictor.penalty);
  CHECK(cell.predicted == predictor.predict(rows("test")));
  CHECK(cell.test.mae == mean_absolute_error(ages["test"], cell.predicted));
  CHECK(cell.validation_mae == mean_absolute_error(ages["validation"], predictor.predict(rows("validation"))));
  CHECK(cell.validation_mae != cell.test.mae);
  double mean = 0, error = 0;
  for (const double age : ages["train"]) mean += age / static_cast<double>(ages["train"].size());
  for (const double age : ages["test"]) error += std::abs(age - mean) / static_cast<double>(ages["test"].size());
  CHECK(cell.mean_age.mae == doctest::Approx(error));
  CHECK(cell.gap_slope == gap_slope(ages["test"], cell.predicted));
  CHECK(cell.train_subjects == 36);
}
