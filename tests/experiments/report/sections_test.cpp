// SPDX-License-Identifier: Apache-2.0
// What the sections of a report say: numbers of the rows, what can be concluded, and why something is missing.
#include <doctest/doctest.h>

#include <cmath>

#include "experiments/report/age_section.h"
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
  CHECK(mae_by_seed(results, 0, 0) == std::vector<double>{2.5, 5});
  const Section section = study_section(results, 0);
  CHECK(section.title == "Table 3: Contrastive losses");
  const std::vector<Table> tables = blocks_of<Table>(section);
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
  const std::vector<Table> tables = blocks_of<Table>(section);
  REQUIRE(tables.size() == 1);
  for (const TableRow& row : tables[0].rows)
    if (row.kind == TableRow::Kind::best) CHECK(row.cells[0] == "Exponential");
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

TEST_CASE("ages: a subject's prediction is the mean over seeds, and the gap's slope that of the line") {
  const StudyResults results = sample_results("mine", {{"a", "A", {{18, 42, 66, 90}, {20, 44, 68, 92}}}});
  const std::optional<MainRow> row = main_row(results);
  REQUIRE(row);
  const std::vector<PredictedAge> subjects = predictions_of(results, *row);
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
