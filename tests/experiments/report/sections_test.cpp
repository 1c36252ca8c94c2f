// SPDX-License-Identifier: Apache-2.0
// What the sections of a report say: numbers of the rows, what can be concluded, and why something is missing.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "experiments/report/age_section.h"
#include "experiments/report/numbers.h"
#include "experiments/report/paper_items.h"
#include "experiments/report/study_section.h"
#include "experiments/report/training_section.h"
#include "experiments/report/write_report.h"
#include "tests/experiments/report/sample_study.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Two seeds and four subjects, aged 20, 40, 60, 80.
const std::vector<SampleRow> two_rows = {
    {"dynlocrep", "DynLocRep", {{21, 42, 63, 84}, {22, 44, 66, 88}}, MeanSd{3.724, 0.22}},
    {"exponential", "Exponential", {{22, 43, 64, 85}, {23, 45, 67, 89}}},
};

/// Rows A to C with test errors of 1 and 2, 3 and 4, 5.5 and 6; the paper's numbers of A and B are 1 and 2.
StudyResults three_rows() {
  return sample_results("mine", {{"a", "A", {{21, 41, 61, 81}, {22, 42, 62, 82}}, MeanSd{1, 0.5}},
                                 {"b", "B", {{24, 42, 64, 82}, {25, 43, 63, 85}}, MeanSd{2, 0.5}},
                                 {"c", "C", {{25, 46, 65, 86}, {26, 46, 66, 86}}}});
}

std::string text_of(const Section& section) {
  std::string out;
  for (const Paragraph& p : blocks_of<Paragraph>(section)) out += p.text + "\n";
  for (const Missing& m : blocks_of<Missing>(section)) out += m.why + "\n";
  return out;
}

bool contains(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("study section: a row has the mean and SD of its seeds, the paper's number, and its difference") {
  const StudyResults results = sample_results("table3", two_rows);
  CHECK(results.rows[0][0].mae_by_seed == std::map<Index, double>{{0, 2.5}, {1, 5}});
  const Section section = study_section(results, 0);
  CHECK(section.title == "Table 3: Contrastive losses");
  const std::vector<ReportTable> tables = blocks_of<ReportTable>(section);
  REQUIRE(tables.size() == 1);
  std::vector<TableRow> rows;
  for (const TableRow& row : tables[0].rows)
    if (row.kind != TableRow::Kind::heading) rows.push_back(row);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].kind == TableRow::Kind::best);
  CHECK(rows[0].cells[1] == "2/2");
  CHECK(rows[0].cells[2] == "3.750 ± 1.768");
  CHECK(rows[0].cells[3] == "3.724 ± 0.220");
  CHECK(rows[1].cells[2] == "4.750 ± 1.768");
  CHECK(rows[1].cells[3] == "");
  CHECK(rows[0].cells[7] == "reference");
  CHECK(rows[1].cells[7] == "+1.000 [+1.000, +1.000]");
  CHECK(contains(text_of(section), "DynLocRep has the lowest test MAE: 3.750 ± 1.768 years."));
  CHECK(contains(text_of(section), "Worse than DynLocRep: Exponential."));
  CHECK(tables[0].head[3] == "paper");
  CHECK(contains(tables[0].caption, "another cohort"));
}

TEST_CASE("study section: it concludes from the interval that is corrected for shared subjects, where there is one") {
  StudyResults results = sample_results("mine", two_rows);
  results.rows[0][1].resampled = PairedDifference{1.125, -0.5, 2.5, 0.3};
  results.rows[0][1].corrected_resampled_p = 0.3;
  const Section section = study_section(results, 0);
  const std::vector<ReportTable> tables = blocks_of<ReportTable>(section);
  CHECK(tables[0].rows[1].cells[7] == "+1.125 [−0.500, +2.500]");
  CHECK(tables[0].rows[1].cells[8] == "0.300");
  CHECK(contains(text_of(section), "No row differs from DynLocRep with a corrected p below 0.05."));
  const Figure intervals = blocks_of<Figure>(section).back();
  CHECK(intervals.numbers.rows[0].cells[1] == "+1.125");
  CHECK(intervals.numbers.rows[1].cells[1] == "+1.000");
}

TEST_CASE("study section: rows that the intervals cannot separate are not called better") {
  const StudyResults results = sample_results(
      "mine", {{"a", "A", {{21, 44, 61, 85}, {25, 41, 66, 82}}}, {"b", "B", {{24, 41, 64, 81}, {21, 46, 61, 86}}}});
  const std::string text = text_of(study_section(results, 0));
  CHECK(contains(text, "No row differs from A with a corrected p below 0.05."));
  CHECK_FALSE(contains(text, "Better than"));
}

TEST_CASE("study section: with a validation part, that part chooses, whatever the test part says") {
  StudyResults results = sample_results("random_search", two_rows);
  results.rows[0][0].validation_mae = 9;
  results.rows[0][1].validation_mae = 8;
  const Section section = study_section(results, 0);
  CHECK(contains(text_of(section), "The validation part chooses Exponential: test MAE 4.750"));
  const std::vector<ReportTable> tables = blocks_of<ReportTable>(section);
  REQUIRE(tables.size() == 1);
  for (const TableRow& row : tables[0].rows)
    if (row.kind == TableRow::Kind::best) CHECK(row.cells[0] == "Exponential");
}

TEST_CASE("study section: a row that is not finished leaves its place, and not its label and numbers to the next") {
  StudyResults results = three_rows();
  std::erase_if(results.cells, [](const CellResult& c) { return c.cell.row == 0; });
  results.plan.studies[0].options.reference = "c";
  results.rows[0] = summarise_study(results.plan, 0, results.cells);
  const Section section = study_section(results, 0);
  const std::vector<TableRow> rows = blocks_of<ReportTable>(section).at(0).rows;
  REQUIRE(rows.size() == 2);
  CHECK(std::vector(rows[0].cells.begin(), rows[0].cells.begin() + 4) ==
        std::vector<std::string>{"B", "2/2", "3.500 ± 0.707", "2.000 ± 0.500"});
  CHECK(std::vector(rows[1].cells.begin(), rows[1].cells.begin() + 4) ==
        std::vector<std::string>{"C", "2/2", "5.750 ± 0.354", ""});
  const std::vector<Figure> figures = blocks_of<Figure>(section);
  REQUIRE(figures.size() == 2);
  CHECK(figures[0].numbers.rows[0].cells == std::vector<std::string>{"B", "3.000", "4.000"});
  CHECK(figures[0].numbers.rows[1].cells == std::vector<std::string>{"C", "5.500", "6.000"});
  CHECK(figures[1].numbers.rows[0].cells[0] == "B");
  const PairedDifference& d = *results.rows[0][0].difference;
  CHECK(d.low < d.high);
  CHECK(figures[1].numbers.rows[0].cells[2] == with_sign(d.low));
  CHECK(figures[1].numbers.rows[0].cells[3] == with_sign(d.high));
  std::size_t papers = 0;  // discs in the paper's colour
  for (const Shape2d& shape : figures[0].picture.shapes)
    if (const auto* disc = std::get_if<Disc>(&shape)) papers += disc->stroke && disc->stroke->role == Ink::c5;
  CHECK(papers == 1 + 1);  // in the legend, and of B: C has none
}

TEST_CASE("study section: the seeds of a figure's table are the study's, and one that a row lacks is left empty") {
  StudyResults results = three_rows();
  results.plan.studies[0].options.seeds = {7, 9};
  for (Cell& cell : results.plan.cells) cell.seed = cell.seed == 0 ? 7 : 9;
  for (CellResult& c : results.cells) c.cell.seed = c.cell.seed == 0 ? 7 : 9;
  std::erase_if(results.cells, [](const CellResult& c) { return c.cell.row == 1 && c.cell.seed == 7; });
  results.rows[0] = summarise_study(results.plan, 0, results.cells);
  const ReportTable numbers = blocks_of<Figure>(study_section(results, 0)).at(0).numbers;
  CHECK(numbers.head == std::vector<std::string>{"row", "seed 7", "seed 9"});
  CHECK(numbers.rows[0].cells == std::vector<std::string>{"A", "1.000", "2.000"});
  CHECK(numbers.rows[1].cells == std::vector<std::string>{"B", "–", "4.000"});
}

TEST_CASE("study section: p values of the figure's table are the corrected ones") {
  StudyResults results = three_rows();
  results.rows[0][1].corrected_p = 0.5;
  results.rows[0][2].corrected_p = 0.75;
  const ReportTable numbers = blocks_of<Figure>(study_section(results, 0)).at(1).numbers;
  CHECK(numbers.rows[0].cells[4] == "0.500");
  CHECK(numbers.rows[1].cells[4] == "0.750");
}

TEST_CASE("study section: what is called better or worse has the p for divisions that share subjects where there is") {
  StudyResults results = three_rows();
  results.plan.studies[0].options.protocol = Protocol::repeated;
  for (RowResult& row : results.rows[0]) {
    if (row.difference) row.resampled = row.difference;
    row.corrected_p = 0.01;
    row.corrected_resampled_p = row.row == 1 ? 0.2 : 0.03;
  }
  const std::string text = text_of(study_section(results, 0));
  CHECK(contains(text, "Worse than A: C."));
  CHECK_FALSE(contains(text, "B;"));
}

TEST_CASE("study section: where only some rows have a validation part, the test part still chooses none of them") {
  StudyResults results = three_rows();
  results.rows[0][1].validation_mae = 9;
  results.rows[0][2].validation_mae = 8;
  const Section section = study_section(results, 0);  // row A has a test error of 1.5 and no validation error
  CHECK(contains(text_of(section), "The validation part chooses C"));
  const ReportTable table = blocks_of<ReportTable>(section).at(0);
  for (const TableRow& row : table.rows) CHECK((row.kind == TableRow::Kind::best) == (row.cells[0] == "C"));
}

TEST_CASE("study section: without a finished training it says so") {
  StudyResults results = sample_results("table3", two_rows);
  results.cells.clear();
  results.rows[0].clear();
  const Section section = study_section(results, 0);
  CHECK_FALSE(section.has_content());
  CHECK(contains(text_of(section), "No training of this study is finished"));
  CHECK_FALSE(age_section(results).has_content());
  CHECK_FALSE(training_section(results, {}).has_content());
}

TEST_CASE("report: every table and figure of the paper is listed, with its section or why it is missing") {
  StudyResults results = sample_results("table3", two_rows);
  results.cells.clear();
  results.rows[0].clear();
  const Report report = make_report(results, "no/folder");
  std::vector<std::string> names;
  for (const PaperItem& item : report.paper) {
    names.push_back(item.name);
    CHECK(item.section.empty());
    CHECK_FALSE(item.why.empty());
    if (item.name == "Figure 4a") CHECK(contains(item.why, "./run_experiment fig4a_distances"));
  }
  CHECK(names == std::vector<std::string>{"Table 2", "Figures 2, 3, 7, 8", "Table 3", "Figure 4a", "Figure 4b",
                                          "Figure 4c", "Figure 4d", "Figure 5", "Figure 6", "Random search"});
}

TEST_CASE("study section: the name of a study cannot leave the folder of the figures") {
  const std::vector<Figure> figures = blocks_of<Figure>(study_section(sample_results("../a \"b\" ä", two_rows), 0));
  REQUIRE_FALSE(figures.empty());
  for (const Figure& figure : figures)
    CHECK(figure.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_-") == std::string::npos);
  CHECK(plain_name("") == "study");
}

TEST_CASE("report: an item of the paper is linked to its own section, and the head shows the main row's numbers") {
  StudyResults results = three_rows();
  results.plan.studies[0].name = "fig4a_distances";
  results.plan.studies[0].options.reference = "b";
  results.plan.trainings = {{Config(), "no/training", "A, seed 0"}};
  results.rows[0] = summarise_study(results.plan, 0, results.cells);
  const Section section = study_section(results, 0);
  CHECK(section.id == "study-fig4a_distances");
  Report report;
  report.sections = {section};
  describe(report, results);
  for (const PaperItem& item : report.paper)
    CHECK_MESSAGE(item.section == (item.name == "Figure 4a" ? section.id : ""), item.name);
  REQUIRE(report.tiles.size() == 4);
  CHECK(report.tiles[0].number == "3.500 ± 0.707");
  CHECK(report.tiles[0].text.starts_with("years: test MAE of B; r = "));
  CHECK(report.tiles[1].number == "2.000 ± 0.500");
}

TEST_CASE("ages: a subject's prediction is the mean over seeds, and the gap's slope that of the line") {
  const StudyResults results = sample_results("mine", {{"a", "A", {{18, 42, 66, 90}, {20, 44, 68, 92}}}});
  const std::optional<MainRow> row = main_row(results);
  REQUIRE(row);
  const std::vector<SubjectPrediction> subjects = predictions_of(results, *row);
  REQUIRE(subjects.size() == 4);
  CHECK(subjects[1].age == 40);
  CHECK(subjects[1].mean == 43);
  CHECK(subjects[1].low == 42);
  CHECK(subjects[1].high == 44);
  const GapLine line = gap_line(subjects);  // gaps −1, 3, 7, 11
  CHECK(line.slope == doctest::Approx(0.2));
  CHECK(line.at_zero == doctest::Approx(-5));
  CHECK(contains(text_of(age_section(results)), "+0.200 years per year of age"));
}

TEST_CASE("training: curves have one line per training, even if rows share it, and each seed's own epochs") {
  StudyResults results = sample_results("mine", two_rows);  // all cells have training 0
  TrainingRecord record;
  for (const Index seed : {0, 1})
    for (Index epoch = 1; epoch <= 3; ++epoch) {
      EpochRow row;
      row.seed = seed;
      row.epoch = epoch;
      row.loss = 10.0 * static_cast<double>(seed) + static_cast<double>(epoch);
      row.neighbours = 9 - epoch;
      record.epochs.push_back(row);
    }
  const Section section = training_section(results, {{0, record}});
  const std::vector<Figure> figures = blocks_of<Figure>(section);
  REQUIRE(figures.size() == 2);
  REQUIRE(figures[0].numbers.rows.size() == 1);
  CHECK(figures[0].numbers.rows[0].cells[0] == "DynLocRep, Exponential");
  CHECK(figures[0].numbers.rows[0].cells[1] == "6.0000");
  CHECK(figures[0].numbers.rows[0].cells[3] == "8.0000");
  CHECK(figures[1].name == "neighbours");
  CHECK(figures[1].numbers.rows[0].cells[3] == "6");
}

TEST_CASE("ages: the errors by group are those of the row that is shown") {
  StudyResults results = three_rows();
  results.plan.studies[0].options.reference = "c";
  const Section section = age_section(results);
  const std::vector<ReportTable> tables = blocks_of<ReportTable>(section);
  REQUIRE(tables.size() == 1);
  CHECK(contains(tables[0].caption, "Errors of C by group"));
  CHECK(tables[0].rows[0].cells == std::vector<std::string>{"all", "all", "4", "5.750 ± 0.354", "+5.750"});
}

TEST_CASE("ages: a dot is above its dashed line where the predicted age is above the true one") {
  const std::vector<SubjectPrediction> subjects = {{"older", 30, 38, 36, 40}, {"younger", 60, 55, 51, 57}};
  for (const Picture& picture : {predicted_ages(subjects, "ages"), age_gaps(subjects, "gaps")}) {
    CAPTURE(picture.title);
    std::vector<Disc> dots;
    std::vector<Path> dashed, ranges;
    for (const Shape2d& shape : picture.shapes) {
      if (const auto* disc = std::get_if<Disc>(&shape)) dots.push_back(*disc);
      const auto* path = std::get_if<Path>(&shape);
      if (path && path->dashed) dashed.push_back(*path);
      if (path && path->stroke && path->stroke->role == Ink::c0) ranges.push_back(*path);
    }
    REQUIRE(dots.size() == 2);
    REQUIRE(dashed.size() == 1);
    REQUIRE(ranges.size() == 2);
    const Point from = dashed[0].points[0], to = dashed[0].points[1];
    const auto above = [&](const Disc& dot) {
      return from[1] + (to[1] - from[1]) * (dot.at[0] - from[0]) / (to[0] - from[0]) - dot.at[1];
    };
    CHECK(dots[0].title.starts_with("older: 30.0 years, predicted 38.0"));
    CHECK(above(dots[0]) / above(dots[1]) == doctest::Approx(-8.0 / 5));
    CHECK(above(dots[0]) > 0);
    CHECK(dots[0].at[0] < dots[1].at[0]);  // by true age
    for (std::size_t k = 0; k < 2; ++k) {
      const double low = ranges[k].points[0][1], high = ranges[k].points[1][1], at = dots[k].at[1];
      CHECK(ranges[k].points[0][0] == dots[k].at[0]);
      CHECK((low - at) / (low - high) == doctest::Approx(k == 0 ? 0.5 : 4.0 / 6));
    }
  }
}
