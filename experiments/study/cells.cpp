// SPDX-License-Identifier: Apache-2.0
#include "experiments/study/cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "experiments/statistics/resampled.h"
#include "experiments/study/sexes.h"
#include "experiments/training/evaluation.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr std::size_t fewest_compared = 3;  // subjects; of fewer, resampling says nothing
constexpr double missing = std::numeric_limits<double>::quiet_NaN();

template <class T>
std::vector<T> of_part(const std::vector<T>& all, const std::vector<Index>& subjects) {
  std::vector<T> out;
  for (const Index i : subjects) out.push_back(all[static_cast<std::size_t>(i)]);
  return out;
}

/// The absolute errors of a row's seeds by subject.
std::map<std::string, double> errors_by_id(const std::vector<const CellResult*>& cells) {
  std::map<std::string, double> out;
  for (const CellResult* c : cells)
    for (std::size_t k = 0; k < c->ids.size(); ++k) out[c->ids[k]] = std::abs(c->ages[k] - c->predicted[k]);
  return out;
}

/// The errors of two rows on the seeds and subjects of both; nothing if they have too few in common.
std::optional<PairedDifference> compared(const CellsBySeed& row, const CellsBySeed& with) {
  std::vector<std::map<std::string, double>> of_row, of_other;
  std::set<std::string> ids;
  for (const auto& [seed, cells] : row) {
    const auto other = with.find(seed);
    if (other == with.end()) continue;
    of_row.push_back(errors_by_id(cells));
    of_other.push_back(errors_by_id(other->second));
    for (const auto& [id, error] : of_row.back())
      if (of_other.back().contains(id)) ids.insert(id);
  }
  if (ids.size() < fewest_compared) return std::nullopt;
  const auto seeds = static_cast<Index>(of_row.size()), subjects = static_cast<Index>(ids.size());
  const auto matrix = [&](const std::vector<std::map<std::string, double>>& errors) {
    std::vector<double> out;
    for (const auto& seed : errors)
      for (const std::string& id : ids) out.push_back(seed.contains(id) ? seed.at(id) : missing);
    return out;
  };
  const std::vector<double> a = matrix(of_row), b = matrix(of_other);
  return paired_difference({a, seeds, subjects}, {b, seeds, subjects});
}

/// The difference over the subjects that one division tests with both rows.
std::optional<DivisionDifference> over_division(const CellResult& cell, const std::vector<const CellResult*>& others) {
  const auto other = std::ranges::find_if(others, [&](const CellResult* c) { return c->cell.fold == cell.cell.fold; });
  if (other == others.end()) return std::nullopt;
  const std::map<std::string, double> a = errors_by_id({&cell}), b = errors_by_id({*other});
  DivisionDifference out{.mean = 0, .test = 0, .train = cell.train_subjects};
  for (const auto& [id, error] : a)
    if (const auto at = b.find(id); at != b.end()) {
      out.mean += error - at->second;
      ++out.test;
    }
  if (out.test == 0) return std::nullopt;
  out.mean /= static_cast<double>(out.test);
  return out;
}

/// The same with a variance for divisions that share subjects.
std::optional<PairedDifference> compared_over_divisions(const CellsBySeed& row, const CellsBySeed& with) {
  std::vector<DivisionDifference> divisions;
  for (const auto& [seed, cells] : row)
    if (const auto other = with.find(seed); other != with.end())
      for (const CellResult* cell : cells)
        if (const auto division = over_division(*cell, other->second)) divisions.push_back(*division);
  if (divisions.size() < 2) return std::nullopt;
  return resampled_difference(divisions);
}

/// The mean over the subjects of all folds, from that of each fold.
double over_folds(const std::vector<const CellResult*>& cells, const std::function<double(const CellResult&)>& mean,
                  const std::function<Index(const CellResult&)>& subjects) {
  double sum = 0, all = 0;
  for (const CellResult* c : cells) {
    sum += mean(*c) * static_cast<double>(subjects(*c));
    all += static_cast<double>(subjects(*c));
  }
  return sum / all;  // NaN without subjects
}

RowResult row_result(const CellsBySeed& seeds) {
  RowResult out;
  std::vector<double> mae, r, r2, rmse, slope, mean_age, validation;
  for (const auto& [seed, cells] : seeds) {
    std::vector<double> ages, predicted;
    for (const CellResult* c : cells) {
      ages.insert(ages.end(), c->ages.begin(), c->ages.end());
      predicted.insert(predicted.end(), c->predicted.begin(), c->predicted.end());
    }
    mean_age.push_back(over_folds(
        cells, [](const CellResult& c) { return c.mean_age.mae; },
        [](const CellResult& c) { return std::ssize(c.ids); }));
    validation.push_back(over_folds(
        cells, [](const CellResult& c) { return c.validation_mae; },
        [](const CellResult& c) { return c.validation_subjects; }));
    const Metrics m = measure(ages, predicted);
    out.mae_by_seed[seed] = m.mae;
    mae.push_back(m.mae);
    r.push_back(m.r);
    r2.push_back(m.r2);
    rmse.push_back(m.rmse);
    slope.push_back(gap_slope(ages, predicted));
  }
  out.seeds = static_cast<Index>(seeds.size());
  out.mae = mean_sd(mae);
  out.mean_age_mae = mean_sd(mean_age).mean;
  out.validation_mae = mean_sd(validation).mean;
  out.r = mean_sd(r);
  out.r2 = mean_sd(r2);
  out.rmse = mean_sd(rmse);
  out.gap_slope = mean_sd(slope);
  return out;
}

void require_one_cohort(const std::vector<CellResult>& cells) {
  for (const CellResult& c : cells)
    if (c.cohort != cells.front().cohort)
      fail(ErrorKind::data, "study",
           "the trainings of this study used different cohorts, or the cohort changed between them",
           "Remove the folders of the trainings with the old cohort, and run the study again");
}

/// Holm's correction of one kind of difference over the rows that have it.
void correct(std::vector<RowResult>& rows, std::optional<PairedDifference> RowResult::*difference,
             double RowResult::*into) {
  std::vector<double> p;
  for (const RowResult& row : rows)
    if (row.*difference) p.push_back((row.*difference)->p);
  const std::vector<double> corrected = holm(p);
  std::size_t k = 0;
  for (RowResult& row : rows)
    if (row.*difference) row.*into = corrected[k++];
}

Index wanted_seeds(const StudyPlan& plan, std::size_t study, std::size_t row) {
  std::set<Index> seeds;
  for (const Cell& cell : plan.cells)
    if (cell.study == study && cell.row == row) seeds.insert(cell.seed);
  return static_cast<Index>(seeds.size());
}

}  // namespace

CellResult evaluate_cell(const StudyPlan& plan, const Cell& cell, const StoredFeatures& stored) {
  const EvaluationOptions& how = plan.row(cell).config.evaluation;
  const std::vector<Index> train = stored.part("train"), validation = stored.part("validation"),
                           test = stored.part("test");
  const auto features = [&](const std::vector<Index>& subjects) { return select(stored.at(how.features), subjects); };
  const SubjectFeatures fitted = features(train), tested = features(test);
  PredictorOptions options = how.predictor;
  options.shared.seed = static_cast<std::uint64_t>(cell.seed);
  CellResult out;
  out.cell = cell;
  out.cohort = stored.cohort;
  out.synthetic = stored.synthetic;
  out.ids = of_part(stored.ids, test);
  out.sexes = of_part(stored.sexes, test);
  out.studies = of_part(stored.studies, test);
  out.ages = of_part(stored.ages, test);
  out.train_subjects = std::ssize(train);
  out.validation_subjects = std::ssize(validation);
  const std::vector<double> ages = of_part(stored.ages, train);
  const AgePredictor predictor = fit_predictor(options, fitted.rows(), ages);
  out.predicted = predictor.predict(tested.rows());
  out.test = measure(out.ages, out.predicted);
  out.gap_slope = gap_slope(out.ages, out.predicted);
  out.validation_mae = missing;
  if (!validation.empty())
    out.validation_mae =
        mean_absolute_error(of_part(stored.ages, validation), predictor.predict(features(validation).rows()));
  out.mean_age = baseline(ages, out.ages);
  out.penalty = predictor.penalty;
  return out;
}

StoredFeatures stored_features(const Training& training) {
  StoredFeatures out =
      read_embeddings(training.folder / "embeddings.h5", training.config.seeds.front(), training.config.train.epochs);
  if (std::ranges::all_of(out.sexes, [](const std::string& sex) { return sex.empty(); }))
    out.sexes = sexes_of(training.config.data, out.ids);
  return out;
}

std::vector<CellResult> evaluate_cells(const StudyPlan& plan, const std::vector<bool>& is_done,
                                       const ReadFeatures& read) {
  std::vector<std::optional<CellResult>> found(plan.cells.size());
  std::vector<std::vector<std::size_t>> of_training(plan.trainings.size());
  for (std::size_t k = 0; k < plan.cells.size(); ++k) of_training[plan.cells[k].training].push_back(k);
  for (std::size_t t = 0; t < plan.trainings.size(); ++t) {
    if (!is_done[t]) continue;
    const StoredFeatures stored = read(plan.trainings[t]);
    for (const std::size_t k : of_training[t]) found[k] = evaluate_cell(plan, plan.cells[k], stored);
  }
  std::vector<CellResult> out;
  for (std::optional<CellResult>& cell : found)
    if (cell) out.push_back(std::move(*cell));
  return out;
}

CellsBySeed complete_seeds(const StudyPlan& plan, std::size_t study, std::size_t row,
                           const std::vector<CellResult>& cells) {
  std::map<Index, std::size_t> folds;
  for (const Cell& cell : plan.cells)
    if (cell.study == study && cell.row == row) ++folds[cell.seed];
  CellsBySeed out;
  for (const CellResult& c : cells)
    if (c.cell.study == study && c.cell.row == row) out[c.cell.seed].push_back(&c);
  std::erase_if(out, [&](const auto& seed) { return seed.second.size() != folds[seed.first]; });
  return out;
}

std::size_t reference_row(const Study& study) {
  for (std::size_t r = 0; r < study.rows.size(); ++r)
    if (study.rows[r].name == study.options.reference) return r;
  return 0;
}

std::vector<RowResult> summarise_study(const StudyPlan& plan, std::size_t study, const std::vector<CellResult>& cells) {
  std::vector<CellResult> own;
  for (const CellResult& c : cells)
    if (c.cell.study == study) own.push_back(c);
  require_one_cohort(own);
  const Study& of = plan.studies[study];
  const std::size_t reference = reference_row(of);
  // Rows among which a validation part chooses are not compared with one of them, unless the study names it.
  const bool chooses = std::ranges::any_of(of.rows, [](const StudyRow& row) { return row.config.validates(); });
  const bool compares = !chooses || !of.options.reference.empty();
  const CellsBySeed compared_with = complete_seeds(plan, study, reference, own);
  std::vector<RowResult> rows;
  for (std::size_t r = 0; r < of.rows.size(); ++r) {
    const CellsBySeed seeds = complete_seeds(plan, study, r, own);
    if (seeds.empty()) continue;
    RowResult row = row_result(seeds);
    row.study = study;
    row.row = r;
    row.wanted = wanted_seeds(plan, study, r);
    if (r != reference && compares) {
      row.difference = compared(seeds, compared_with);
      if (is_resampled(of.options.protocol)) row.resampled = compared_over_divisions(seeds, compared_with);
    }
    rows.push_back(row);
  }
  correct(rows, &RowResult::difference, &RowResult::corrected_p);
  correct(rows, &RowResult::resampled, &RowResult::corrected_resampled_p);
  return rows;
}

bool StudyResults::is_synthetic() const {
  return std::ranges::any_of(cells, [](const CellResult& cell) { return cell.synthetic; });
}

StudyResults study_results(const StudyPlan& plan) {
  StudyResults out{.plan = plan, .cells = {}, .rows = {}, .missing = {}};
  std::vector<bool> is_done;
  for (const Training& training : plan.trainings) {
    is_done.push_back(training.is_done());
    if (!is_done.back()) out.missing.push_back(training.text);
  }
  out.cells = evaluate_cells(plan, is_done);
  for (std::size_t s = 0; s < plan.studies.size(); ++s) out.rows.push_back(summarise_study(plan, s, out.cells));
  return out;
}

}  // namespace cg
