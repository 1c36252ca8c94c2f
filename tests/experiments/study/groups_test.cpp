// SPDX-License-Identifier: Apache-2.0
// Errors by groups of subjects, by hand.
#include "experiments/study/groups.h"

#include <doctest/doctest.h>

#include <sstream>

#include "experiments/study/tables.h"
#include "tests/experiments/study/results.h"

using namespace cg;
using namespace cg::test;

namespace {

/// One row with two seeds: subjects of 20, 23, … 38 years.
std::vector<CellResult> two_seeds(const StudyPlan& plan) {
  std::vector<CellResult> cells = {cell_of(plan.cells[0], {1, -2, 3, -4, 5, -6, 7}),
                                   cell_of(plan.cells[1], {3, -2, 3, -2, 1, -2, 3})};
  for (CellResult& cell : cells) {
    cell.sexes = {"F", "M", "F", "M", "F", "M", ""};
    cell.studies = {"x", "x", "y", "y", "y", "y", "y"};
  }
  return cells;
}

}  // namespace

TEST_CASE("groups: decades, sexes and studies, with mean and SD over seeds; who is in no group is in all") {
  const StudyPlan plan = plan_of(1, 2);
  const std::vector<GroupResult> groups = group_results(plan, 0, 0, two_seeds(plan));
  std::string names;
  for (const GroupResult& g : groups) names += g.by + ":" + g.group + " ";
  REQUIRE(names == "all:all age:20-29 age:30-39 sex:F sex:M study:x study:y ");
  const auto check = [&](std::size_t k, Index subjects, double first, double second, double gap) {
    CAPTURE(groups[k].group);
    CHECK(groups[k].subjects == subjects);
    CHECK(groups[k].mae.mean == doctest::Approx((first + second) / 2));
    CHECK(groups[k].mae.sd == doctest::Approx(std::abs(first - second) / std::sqrt(2.0)));
    CHECK(groups[k].gap.mean == doctest::Approx(gap));
  };
  check(0, 7, 4.0, 16.0 / 7, (4.0 / 7 + 4.0 / 7) / 2);
  check(1, 4, 2.5, 2.5, (-0.5 + 0.5) / 2);  // 20, 23, 26 and 29 years
  check(2, 3, 6.0, 2.0, (2.0 + 2.0 / 3) / 2);
  check(3, 3, 3.0, 7.0 / 3, (3.0 + 7.0 / 3) / 2);
  check(4, 3, 4.0, 2.0, (-4.0 - 2.0) / 2);
  check(5, 2, 1.5, 2.5, (-0.5 + 0.5) / 2);
  check(6, 5, 5.0, 2.2, (1.0 + 0.6) / 2);
}

TEST_CASE("groups: a seed that does not test anyone of a group does not count for it") {
  const StudyPlan plan = plan_of(1, 2, 1, Protocol::repeated);
  const std::vector<CellResult> cells = {cell_of(plan.cells[0], {1, 1, 1, 1}), cell_of(plan.cells[1], {2, 2}, 4)};
  const std::vector<GroupResult> groups = group_results(plan, 0, 0, cells);
  REQUIRE(groups.size() == 3);
  CHECK(groups[1].mae.mean == 1);  // 20-29: the first seed alone
  CHECK(std::isnan(groups[1].mae.sd));
  CHECK(groups[2].mae.mean == 2);
  CHECK(groups[0].subjects == 6);
}

TEST_CASE("groups: the CSV has every row; the text has the reference row with the slope of the gap on age") {
  const StudyPlan plan = plan_of(2, 2);
  std::vector<CellResult> cells = two_seeds(plan);
  cells.push_back(cell_of(plan.cells[2], {1, 1, 1, 1, 1, 1, 1}));
  cells.push_back(cell_of(plan.cells[3], {1, 1, 1, 1, 1, 1, 1}));
  std::istringstream csv(groups_csv(plan, cells));
  std::string line;
  std::vector<std::string> lines;
  while (std::getline(csv, line)) lines.push_back(line);
  REQUIRE(lines.size() == 1 + 7 + 3);
  CHECK(lines[0] == "study,row,label,by,group,subjects,mae,mae_sd,gap,gap_sd,synthetic");
  CHECK(lines[2] == "mine,a,row a,age,20-29,4,2.5,0,0,0.7071067812,0");
  const std::vector<RowResult> rows = summarise_study(plan, 0, cells);
  CHECK(rows[1].gap_slope.mean == doctest::Approx(0));
  const std::string text = groups_table(plan, 0, rows, cells);
  CHECK(text.find("row a by group") != std::string::npos);
  CHECK(text.find("sex    F") != std::string::npos);
  CHECK(text.find(fmt::format("slope of predicted - true age on age: {:.3f} ±", rows[0].gap_slope.mean)) !=
        std::string::npos);
  CHECK(groups_table(plan, 0, {}, {}).empty());
}
