// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/training_section.h"

#include <algorithm>
#include <functional>
#include <set>

#include "experiments/report/numbers.h"
#include "experiments/report/paper_items.h"
#include "experiments/report/training_plots.h"

namespace cg {
namespace {

constexpr std::size_t most_panels = 12;

/// Rows of a study that share their trainings, e.g. predictors of age, are one line.
struct TrainedRow {
  std::string label;
  std::vector<std::pair<std::size_t, Index>> runs;  ///< trainings that are done, and the seed
};

std::vector<TrainedRow> trained_rows(const StudyResults& results, const TrainingRecords& records, std::size_t study) {
  const StudyPlan& plan = results.plan;
  std::vector<TrainedRow> out;
  for (std::size_t r = 0; r < plan.studies[study].rows.size(); ++r) {
    TrainedRow row{plan.studies[study].rows[r].label, {}};
    for (const Cell& cell : plan.cells)
      if (cell.study == study && cell.row == r && records.contains(cell.training))
        row.runs.emplace_back(cell.training, cell.seed);
    const auto same = std::ranges::find_if(out, [&](const TrainedRow& other) { return other.runs == row.runs; });
    if (row.runs.empty()) continue;
    if (same == out.end())
      out.push_back(row);
    else
      same->label += ", " + row.label;
  }
  return out;
}

std::vector<Curve> curves(const std::vector<TrainedRow>& rows, const TrainingRecords& records,
                          const std::function<double(const EpochRow&)>& value) {
  std::vector<Curve> out;
  for (const TrainedRow& row : rows) {
    std::vector<std::vector<double>> seeds;
    for (const auto& [training, of] : row.runs) {
      std::vector<double>& seed = seeds.emplace_back();
      for (const EpochRow& epoch : records.at(training).epochs)
        if (epoch.seed == of) seed.push_back(value(epoch));
    }
    out.push_back(curve_of(row.label, seeds));
  }
  return out;
}

bool is_measured(const Curve& curve) {
  return std::ranges::count_if(curve.mean, [](double value) { return std::isfinite(value); }) > 1;
}

ReportTable curve_table(const std::vector<Curve>& all, const std::string& caption, int digits) {
  ReportTable t{.caption = caption, .head = {"row", "first epoch", "middle", "last epoch", "lowest", "in epoch"}};
  t.in_tex = false;
  for (const Curve& c : all) {
    const auto lowest =
        std::ranges::min_element(c.mean, {}, [](double value) { return std::isfinite(value) ? value : INFINITY; });
    t.add({c.label, fixed(c.mean.front(), digits), fixed(c.mean[c.mean.size() / 2], digits),
           fixed(c.mean.back(), digits), fixed(*lowest, digits), fmt::format("{}", lowest - c.mean.begin() + 1)});
  }
  return t;
}

std::string name_of(const Study& study) {
  const PaperStudy* paper = paper_study(study.name);
  return paper ? paper->item : study.name;
}

/// The training loss, and the errors that were evaluated during training.
void add_curves(Section& out, const StudyResults& results, const TrainingRecords& records, std::size_t study) {
  const Study& of = results.plan.studies[study];
  std::vector<TrainedRow> rows = trained_rows(results, records, study);
  if (rows.empty()) return;
  const std::size_t all = rows.size();
  if (all > most_panels) rows.resize(most_panels);
  const std::string which =
      name_of(of) + (all > most_panels ? fmt::format(", the first {} of {} rows", most_panels, all) : "");
  const std::vector<Curve> loss = curves(rows, records, [](const EpochRow& e) { return e.loss; });
  out.blocks.push_back(
      Figure{plain_name(of.name) + "-loss",
             curve_panels(loss, "Training loss by epoch, " + which, "training loss, an own scale for each row"),
             {which + ": the mean training loss of each epoch; the band goes from the lowest to the highest seed.",
              "The curve falls and becomes flat, and the band is narrow.",
              "It rises or jumps: the learning rate is too high. It still falls at the end: more epochs would help.",
              "Change train.learning_rate or train.epochs. The losses have different scales: do not compare rows."},
             curve_table(loss, "Training loss, mean over seeds", 4)});
  const std::pair<const char*, std::function<double(const EpochRow&)>> errors[] = {
      {"validation", [](const EpochRow& e) { return e.validation_mae; }},
      {"test", [](const EpochRow& e) { return e.mae; }}};
  for (const auto& [part, value] : errors) {
    std::vector<Curve> mae = curves(rows, records, value);
    std::erase_if(mae, [](const Curve& c) { return !is_measured(c); });
    if (mae.empty()) continue;
    out.blocks.push_back(
        Figure{plain_name(of.name) + "-" + part,
               curve_panels(mae, fmt::format("MAE of the {} part by epoch, {}", part, which), "MAE (years)"),
               {fmt::format("{}: the MAE of the {} part during training.", which, part),
                "It falls with the training loss.", "It rises while the training loss falls: the network overfits.",
                "Fewer epochs, or an augmentation (figure 4c). Do not choose the epoch by the test part."},
               curve_table(mae, "MAE, years, mean over seeds", 3)});
  }
}

void add_neighbours(Section& out, const StudyResults& results, const TrainingRecords& records) {
  std::vector<Curve> all;
  for (std::size_t s = 0; s < results.plan.studies.size() && all.size() < 8; ++s)
    for (const Curve& c : curves(trained_rows(results, records, s), records,
                                 [](const EpochRow& e) { return static_cast<double>(e.neighbours); })) {
      const bool selects = std::ranges::any_of(c.mean, [](double value) { return value > 0; });
      const bool is_known = std::ranges::any_of(all, [&](const Curve& other) { return other.mean == c.mean; });
      if (selects && !is_known && all.size() < 8) all.push_back(c);
    }
  if (all.empty()) {
    out.blocks.push_back(Missing{"Neighbours by epoch: no loss of this report selects neighbours."});
    return;
  }
  out.blocks.push_back(
      Figure{"neighbours",
             step_curves(all, "Number of neighbours by epoch", "subjects that an anchor repels"),
             {"How many subjects of a batch each anchor repels, itself counted (algorithm 1 of the paper).",
              "It begins near the batch size and ends at loss.final_neighbours, well before the last epoch.",
              "It stays at the batch size: with step 0, or a step near the number of epochs, nothing is localised.",
              "Set loss.step_size and loss.final_neighbours; the random search compares them."},
             curve_table(all, "Neighbours, the anchor included", 0)});
}

}  // namespace

Section training_section(const StudyResults& results, const TrainingRecords& records) {
  Section out{.id = "training", .title = "Training"};
  if (records.empty()) {
    out.blocks.push_back(Missing{"No training is finished."});
    return out;
  }
  std::set<std::vector<std::pair<std::size_t, Index>>> drawn;
  for (std::size_t s = 0; s < results.plan.studies.size(); ++s) {
    std::vector<std::pair<std::size_t, Index>> runs;
    for (const TrainedRow& row : trained_rows(results, records, s))
      runs.insert(runs.end(), row.runs.begin(), row.runs.end());
    if (drawn.insert(runs).second) add_curves(out, results, records, s);
  }
  add_neighbours(out, results, records);
  return out;
}

}  // namespace cg
