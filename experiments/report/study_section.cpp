// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/study_section.h"

#include <algorithm>
#include <set>

#include "experiments/report/numbers.h"
#include "experiments/report/paper_items.h"
#include "experiments/report/row_plots.h"
#include "experiments/study/tables.h"

namespace cg {
namespace {

/// The row to mark: that which the validation part chooses if there is one, otherwise that of the lowest test error.
const RowResult* best_of(const std::vector<RowResult>& rows) {
  if (const RowResult* chosen = chosen_row(rows)) return chosen;
  const auto best = std::ranges::min_element(rows, {}, [](const RowResult& r) { return r.mae.mean; });
  return best == rows.end() ? nullptr : &*best;
}

std::string difference_text(const RowResult& row, bool is_reference) {
  if (is_reference) return "reference";
  const std::optional<PairedDifference>& difference = row.conclusion();
  if (!difference) return "–";
  return with_sign(difference->mean) + " [" + with_sign(difference->low) + ", " + with_sign(difference->high) + "]";
}

std::string title_of(const Study& study) { return study.options.title.empty() ? study.name : study.options.title; }

class Writer {
 public:
  Writer(const StudyResults& results, std::size_t study)
      : study_(results.plan.studies[study]), rows_(results.rows[study]) {}

  Section write() {
    const PaperStudy* paper = paper_study(study_.name);
    Section out{.id = "study-" + plain_name(study_.name),
                .title = paper ? paper->item + ": " + paper->content : title_of(study_)};
    if (rows_.empty()) {
      out.blocks.push_back(Missing{"No training of this study is finished. Run it, or the shards that are missing."});
      return out;
    }
    out.blocks.push_back(Paragraph{sentence()});
    out.blocks.push_back(table(paper));
    out.blocks.push_back(dots(paper));
    if (differences() > 0) out.blocks.push_back(interval_figure());
    out.blocks.push_back(Paragraph{fine_print(), true});
    out.blocks.push_back(Paragraph{protocol_line(study_), true});
    return out;
  }

 private:
  const StudyRow& row_of(const RowResult& r) const { return study_.rows[r.row]; }
  bool has_papers() const {
    return std::ranges::any_of(rows_, [&](const RowResult& r) { return row_of(r).paper.has_value(); });
  }
  bool has_validation() const { return chosen_row(rows_) != nullptr; }
  std::size_t differences() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(rows_, [](const RowResult& r) { return r.difference.has_value(); }));
  }

  /// The result in one or two sentences.
  std::string sentence() const {
    const RowResult& best = *best_of(rows_);
    std::string out = has_validation() ? fmt::format("The validation part chooses {}: test MAE {} years.",
                                                     row_of(best).label, plus_minus(best.mae))
                                       : fmt::format("{} has the lowest test MAE: {} years.", row_of(best).label,
                                                     plus_minus(best.mae));
    std::vector<std::string> better, worse;
    for (const RowResult& r : rows_) {
      if (!r.conclusion() || r.conclusion_p() >= 0.05) continue;
      (r.conclusion()->mean < 0 ? better : worse).push_back(row_of(r).label);
    }
    const std::string& reference = study_.rows[reference_row(study_)].label;
    if (!better.empty()) out += fmt::format(" Better than {}: {}.", reference, joined(better, "; "));
    if (!worse.empty()) out += fmt::format(" Worse than {}: {}.", reference, joined(worse, "; "));
    if (better.empty() && worse.empty() && differences() > 0)
      out += fmt::format(" No row differs from {} with a corrected p below 0.05.", reference);
    return out;
  }

  ReportTable table(const PaperStudy* paper) const {
    ReportTable t{.caption = paper ? paper->item + ". " + paper->content + ", test MAE in years" : title_of(study_),
                  .head = {"row", "seeds", "test MAE"}};
    if (has_papers()) {
      t.head.push_back("paper");
      t.caption += " (paper: on another cohort)";
    }
    if (has_validation()) t.head.push_back("validation MAE");
    t.head.insert(t.head.end(), {"r", "R²", "RMSE"});
    if (differences() > 0) t.head.insert(t.head.end(), {"difference [95 %]", "p (Holm)"});
    const RowResult* best = best_of(rows_);
    std::string group;
    for (const RowResult& r : rows_) {
      const std::string own = loss_group(row_of(r).config.loss.name);
      if (study_.name == "table3" && own != group) t.rows.push_back({{own}, TableRow::Kind::heading});
      group = own;
      t.rows.push_back({cells(r), &r == best ? TableRow::Kind::best : TableRow::Kind::plain});
    }
    return t;
  }

  std::vector<std::string> cells(const RowResult& r) const {
    const StudyRow& row = row_of(r);
    std::string label = row.label;
    const std::string source = study_.name == "table3" ? loss_source(row.config.loss.name) : "";
    if (!source.empty()) label += " (" + source + ")";
    std::vector<std::string> out = {label, fmt::format("{}/{}", r.seeds, r.wanted), plus_minus(r.mae)};
    if (has_papers()) out.push_back(row.paper ? plus_minus(*row.paper) : "");
    if (has_validation()) out.push_back(fixed(r.validation_mae));
    out.insert(out.end(), {fixed(r.r.mean), fixed(r.r2.mean), fixed(r.rmse.mean)});
    if (differences() > 0) {
      out.push_back(difference_text(r, r.row == reference_row(study_)));
      out.push_back(r.conclusion() ? p_text(r.conclusion_p()) : "");
    }
    return out;
  }

  Figure dots(const PaperStudy* paper) const {
    std::vector<SeedDots> lines;
    ReportTable numbers{.caption = "Test MAE of each seed, years", .head = {"row"}, .in_tex = false};
    std::set<Index> seeds;
    for (const RowResult& r : rows_)
      for (const auto& [seed, value] : r.mae_by_seed) seeds.insert(seed);
    for (const Index seed : seeds) numbers.head.push_back(fmt::format("seed {}", seed));
    for (const RowResult& r : rows_) {
      std::vector<std::string> line = {row_of(r).label};
      for (const Index seed : seeds) line.push_back(r.mae_by_seed.contains(seed) ? fixed(r.mae_by_seed.at(seed)) : "–");
      numbers.add(line);
      std::vector<double> values;
      for (const auto& [seed, value] : r.mae_by_seed) values.push_back(value);
      lines.push_back({row_of(r).label, values, r.mae, row_of(r).paper});
    }
    const std::string name = paper ? paper->item : study_.name;
    return {plain_name(study_.name),
            seed_dots(lines, "Test MAE of each row and seed, " + name, "test MAE (years)"),
            {"The test error of each row: a dot for each seed, the mean and the SD over seeds" +
                 std::string(has_papers() ? "; in orange the paper's, on another cohort." : "."),
             paper ? paper->better : "The dots are farther to the left, and near each other.",
             paper ? paper->worse : "The dots of a row are far apart: then the seed decides more than the row.",
             paper ? paper->action : "Choose by the intervals of the differences below, not by the means."},
            numbers};
  }

  Figure interval_figure() const {
    std::vector<RowInterval> lines;
    ReportTable numbers{.caption = "Differences of the test MAE, years",
                        .head = {"row", "difference", "from", "to", "p (Holm)"},
                        .in_tex = false};
    for (const RowResult& r : rows_) {
      if (!r.difference) continue;
      lines.push_back({row_of(r).label, *r.conclusion(), r.conclusion_p() < 0.05});
      const auto add = [&](const std::string& label, const PairedDifference& d, double p) {
        numbers.add({label, with_sign(d.mean), with_sign(d.low), with_sign(d.high), p_text(p)});
      };
      if (r.resampled) add(row_of(r).label, *r.resampled, r.corrected_resampled_p);
      add(row_of(r).label + (r.resampled ? ", bootstrap of subjects and seeds" : ""), *r.difference, r.corrected_p);
    }
    const std::string& reference = study_.rows[reference_row(study_)].label;
    return {plain_name(study_.name) + "-differences",
            intervals(lines, reference),
            {"How much larger the test error of a row is than that of " + reference +
                 ", on the same subjects and seeds, with its 95 % interval. Coloured: p below 0.05 by Holm's method.",
             "A coloured interval left of 0: the row is better than " + reference + ".",
             "A coloured interval right of 0: the row is worse. The others do not differ reliably.",
             "For narrower intervals, train more seeds or use a larger test part (protocol = \"k_fold\")."},
            numbers};
  }

  std::string fine_print() const {
    std::string out =
        fmt::format("Predicting the mean age of the training part: MAE {} years.", fixed(rows_.front().mean_age_mae));
    if (study_.options.protocol == Protocol::published)
      out += " The intervals do not include how much another division of the subjects would change the differences.";
    if (has_papers())
      out +=
          " The paper's numbers are of 311 other subjects, from pre-trained weights: compare the order of the rows, "
          "not the years.";
    return out;
  }

  const Study& study_;
  const std::vector<RowResult>& rows_;
};

}  // namespace

Section study_section(const StudyResults& results, std::size_t study) { return Writer(results, study).write(); }

}  // namespace cg
