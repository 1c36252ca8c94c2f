// SPDX-License-Identifier: Apache-2.0
#include "experiments/study/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "experiments/program/csv.h"
#include "experiments/study/groups.h"

namespace cg {
namespace {

constexpr Index most_groups = 12;  // of one kind in a text; all are in the CSV
constexpr std::size_t longest_in_header = 30;

std::string plus_minus(const MeanSd& value) {
  return std::isfinite(value.sd) ? fmt::format("{:.3f} ± {:.3f}", value.mean, value.sd)
                                 : fmt::format("{:.3f}", value.mean);
}

std::string interval(const PairedDifference& d, double p) {
  return fmt::format("[{:+.3f}, {:+.3f}], p {}", d.low, d.high, p < 0.001 ? "< 0.001" : fmt::format("= {:.3f}", p));
}

std::string protocol_text(const Study& study) {
  const Index folds = study.rows.empty() ? 0 : study.rows.front().config.data.folds;
  switch (study.options.protocol) {
    case Protocol::published:
      return "published (one test part for all seeds)";
    case Protocol::k_fold:
      return fmt::format("k_fold (each of {} parts is the test part once per seed)", folds);
    case Protocol::repeated:
      return "repeated (each seed has its own random test part)";
    case Protocol::leave_one_study_out:
      return "leave_one_study_out (each study is the test part once per seed)";
  }
  return "";
}

std::string row_line(const StudyRow& row, const RowResult& r, std::size_t widest) {
  std::string difference;
  if (r.difference) difference = fmt::format("{:+.3f} {}", r.difference->mean, interval(*r.difference, r.corrected_p));
  if (r.resampled) difference += "  " + interval(*r.resampled, r.corrected_resampled_p);
  std::string line = fmt::format("{:<{}}  {:>5}  {:<15}  {:<15}  {:<6.3f}  {}", row.label, widest,
                                 fmt::format("{}/{}", r.seeds, r.wanted), plus_minus(r.mae),
                                 row.paper ? plus_minus(*row.paper) : "", r.r.mean, difference);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

const RowResult* chosen_row(const std::vector<RowResult>& rows) {
  const auto chosen = std::ranges::min_element(rows, {}, [](const RowResult& r) {
    return std::isnan(r.validation_mae) ? std::numeric_limits<double>::infinity() : r.validation_mae;
  });
  return chosen != rows.end() && std::isfinite(chosen->validation_mae) ? &*chosen : nullptr;
}

std::string results_csv(const StudyPlan& plan, const std::vector<CellResult>& cells) {
  std::string out =
      csv_line({"study", "row", "label", "seed", "fold", "test_study", "train_subjects", "test_subjects", "mae", "r",
                "r2", "rmse", "gap_slope", "penalty", "mean_age_mae", "validation_mae", "training", "synthetic"});
  for (const CellResult& c : cells) {
    const StudyRow& row = plan.row(c.cell);
    out += csv_line({csv_text(plan.studies[c.cell.study].name), csv_text(row.name), csv_text(row.label),
                     std::to_string(c.cell.seed), std::to_string(c.cell.fold), csv_text(tested_study(plan, c.cell)),
                     std::to_string(c.train_subjects), std::to_string(c.ids.size()), csv_number(c.test.mae),
                     csv_number(c.test.r), csv_number(c.test.r2), csv_number(c.test.rmse), csv_number(c.gap_slope),
                     csv_number(c.penalty), csv_number(c.mean_age.mae), csv_number(c.validation_mae),
                     csv_text(plan.trainings[c.cell.training].folder.filename().string()), c.synthetic ? "1" : "0"});
  }
  return out;
}

std::string groups_csv(const StudyPlan& plan, const std::vector<CellResult>& cells) {
  std::string out =
      csv_line({"study", "row", "label", "by", "group", "subjects", "mae", "mae_sd", "gap", "gap_sd", "synthetic"});
  const bool synthetic = std::ranges::any_of(cells, [](const CellResult& c) { return c.synthetic; });
  for (std::size_t s = 0; s < plan.studies.size(); ++s)
    for (std::size_t r = 0; r < plan.studies[s].rows.size(); ++r) {
      const StudyRow& row = plan.studies[s].rows[r];
      for (const GroupResult& g : group_results(plan, s, r, cells))
        out += csv_line({csv_text(plan.studies[s].name), csv_text(row.name), csv_text(row.label), g.by,
                         csv_text(g.group), std::to_string(g.subjects), csv_number(g.mae.mean), csv_number(g.mae.sd),
                         csv_number(g.gap.mean), csv_number(g.gap.sd), synthetic ? "1" : "0"});
    }
  return out;
}

std::string protocol_line(const Study& study) {
  const bool validates = std::ranges::any_of(study.rows, [](const StudyRow& row) { return row.config.validates(); });
  return fmt::format("protocol: {}; selection: {}", protocol_text(study),
                     validates ? "by the lowest validation MAE, without the test part" : "none");
}

std::string study_table(const StudyPlan& plan, std::size_t study, const std::vector<RowResult>& rows) {
  const Study& of = plan.studies[study];
  std::size_t widest = 3;
  for (const StudyRow& row : of.rows) widest = std::max(widest, row.label.size());
  std::string reference = of.rows[reference_row(of)].label;
  if (reference.size() > longest_in_header) reference = "the reference";
  const bool resampled = std::ranges::any_of(rows, [](const RowResult& r) { return r.resampled.has_value(); });
  std::string out = fmt::format("\n{}\n{}\n\n{:<{}}  {:>5}  {:<15}  {:<15}  {:<6}  {}{}\n",
                                of.options.title.empty() ? of.name : of.options.title, protocol_line(of), "row", widest,
                                "seeds", "test MAE, years", "paper", "r",
                                "difference to " + reference + " [95 % interval], years, and p by Holm",
                                resampled ? "  corrected for shared subjects" : "");
  for (const RowResult& r : rows) out += row_line(of.rows[r.row], r, widest);
  if (const RowResult* chosen = chosen_row(rows))
    out += fmt::format("chosen by the validation part: {} (validation MAE {:.3f}, test MAE {:.3f} years)\n",
                       of.rows[chosen->row].label, chosen->validation_mae, chosen->mae.mean);
  if (!rows.empty()) out += fmt::format("predicting the mean age: MAE {:.3f} years\n", rows.front().mean_age_mae);
  return out;
}

std::string groups_table(const StudyPlan& plan, std::size_t study, const std::vector<RowResult>& rows,
                         const std::vector<CellResult>& cells) {
  const Study& of = plan.studies[study];
  const std::size_t reference = reference_row(of);
  const auto row = std::ranges::find(rows, reference, &RowResult::row);
  if (row == rows.end()) return "";
  const std::vector<GroupResult> groups = group_results(plan, study, reference, cells);
  std::map<std::string, Index> number;
  for (const GroupResult& g : groups) ++number[g.by];
  std::string out = fmt::format("\n{:<29}  subjects  test MAE, years  predicted - true age\n",
                                of.rows[reference].label + " by group");
  for (const GroupResult& g : groups)
    if (number[g.by] <= most_groups)
      out += fmt::format("  {:<6} {:<20}  {:>8}  {:<15}  {:+.3f}\n", g.by == "all" ? "" : g.by, g.group, g.subjects,
                         plus_minus(g.mae), g.gap.mean);
  for (const auto& [by, count] : number)
    if (count > most_groups) out += fmt::format("  {} groups by {} are in results_groups.csv\n", count, by);
  out += fmt::format("  slope of predicted - true age on age: {} years per year\n", plus_minus(row->gap_slope));
  return out +
         fmt::format("  r {}, R² {}, RMSE {} years\n", plus_minus(row->r), plus_minus(row->r2), plus_minus(row->rmse));
}

}  // namespace cg
