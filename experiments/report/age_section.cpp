// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/age_section.h"

#include <algorithm>
#include <map>

#include "experiments/report/numbers.h"
#include "experiments/study/groups.h"

namespace cg {
namespace {

ReportTable table_of(const std::vector<SubjectPrediction>& subjects) {
  ReportTable t{.caption = "Predicted ages of the test subjects, years; over seeds",
                .head = {"subject", "age", "predicted", "lowest", "highest", "gap"},
                .in_tex = false};
  for (const SubjectPrediction& s : subjects)
    t.add({s.id, fixed(s.age, 1), fixed(s.mean, 1), fixed(s.low, 1), fixed(s.high, 1), with_sign(s.gap(), 1)});
  return t;
}

ReportTable groups_of(const StudyResults& results, const MainRow& row) {
  ReportTable t{.caption = "Errors of " + row.label + " by group of test subjects, years",
                .head = {"by", "group", "subjects", "MAE", "predicted − true age"},
                .words = 2};
  for (const GroupResult& g : group_results(results.plan, row.study, row.row, results.cells))
    t.add({g.by, g.group, fmt::format("{}", g.subjects), plus_minus(g.mae), with_sign(g.gap.mean)});
  return t;
}

}  // namespace

std::optional<MainRow> main_row(const StudyResults& results) {
  for (std::size_t s = 0; s < results.plan.studies.size(); ++s) {
    const std::vector<RowResult>& rows = results.rows[s];
    if (rows.empty()) continue;
    const Study& study = results.plan.studies[s];
    const auto reference =
        std::ranges::find_if(rows, [&](const RowResult& r) { return r.row == reference_row(study); });
    const std::size_t row = reference == rows.end() ? rows.front().row : reference->row;
    return MainRow{s, row, study.rows[row].label};
  }
  return std::nullopt;
}

std::vector<SubjectPrediction> predictions_of(const StudyResults& results, const MainRow& row) {
  struct Sum {
    SubjectPrediction subject;
    double count = 0;
  };
  std::map<std::string, Sum> all;
  for (const CellResult& c : results.cells) {
    if (c.cell.study != row.study || c.cell.row != row.row) continue;
    for (std::size_t k = 0; k < c.ids.size(); ++k) {
      const double value = c.predicted[k];
      Sum& sum = all.try_emplace(c.ids[k], Sum{{c.ids[k], c.ages[k], 0, value, value}, 0}).first->second;
      sum.subject.mean += value;
      sum.subject.low = std::min(sum.subject.low, value);
      sum.subject.high = std::max(sum.subject.high, value);
      ++sum.count;
    }
  }
  std::vector<SubjectPrediction> out;
  for (auto& [id, sum] : all) {
    sum.subject.mean /= sum.count;
    out.push_back(sum.subject);
  }
  std::ranges::stable_sort(out, {}, &SubjectPrediction::age);
  return out;
}

Section age_section(const StudyResults& results) {
  Section out{.id = "ages", .title = "Predicted ages"};
  const std::optional<MainRow> row = main_row(results);
  if (!row) {
    out.blocks.push_back(Missing{"No training is finished."});
    return out;
  }
  const std::vector<SubjectPrediction> subjects = predictions_of(results, *row);
  const GapLine line = gap_line(subjects);
  out.blocks.push_back(Paragraph{fmt::format(
      "The test subjects of {} ({}). A dot is the mean over seeds; the line through it goes from the lowest to the "
      "highest prediction. The gap changes by {} years per year of age.",
      row->label, results.plan.studies[row->study].name, with_sign(line.slope))});
  out.blocks.push_back(
      Figure{"predicted-ages",
             predicted_ages(subjects, "Predicted against true age, " + row->label),
             {"The predicted age of each test subject against the true age.",
              "All dots are near the dashed line, on which both are equal.",
              "The cloud is flatter than the line: young subjects look older, and old ones younger.",
              "Point at dots far from the line to see their ids, and look at these maps: show_cohort."},
             table_of(subjects)});
  out.blocks.push_back(groups_of(results, *row));
  ReportTable gaps{
      .caption = "Gap on age", .head = {"row", "slope (years per year)", "gap at 0 years"}, .in_tex = false};
  gaps.add({row->label, with_sign(line.slope), with_sign(line.at_zero)});
  out.blocks.push_back(Figure{
      "age-gaps",
      age_gaps(subjects, "Brain-age gap by age, " + row->label),
      {"The gap, predicted minus true age, by age, with the line of least squares.", "The line is flat and at 0.",
       "It falls: predictions are drawn towards the mean age, as in every regression that is not exact.",
       "Before you compare groups of different ages, correct the gap: docs/predict.md."},
      gaps});
  return out;
}

}  // namespace cg
