// SPDX-License-Identifier: Apache-2.0
#include "experiments/study/cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "experiments/program/csv.h"
#include "experiments/record/embeddings_file.h"
#include "experiments/training/evaluation.h"
#include "tensor/error.h"

namespace cg {
namespace {

std::vector<double> ages_of(const StoredFeatures& stored, const std::vector<Index>& subjects) {
  std::vector<double> out;
  for (const Index i : subjects) out.push_back(stored.ages[static_cast<std::size_t>(i)]);
  return out;
}

/// The errors of a row's seeds, each over the subjects of all folds, by id.
struct SeedErrors {
  std::map<std::string, double> by_id;
  std::vector<double> ages, predicted;
  std::size_t folds = 0;
  double mean_age_mae = 0, validation_mae = 0;  // sums over the folds
};

std::map<Index, SeedErrors> errors_of(const std::vector<CellResult>& cells, std::size_t study, std::size_t row) {
  std::map<Index, SeedErrors> out;
  for (const CellResult& c : cells) {
    if (c.cell.study != study || c.cell.row != row) continue;
    SeedErrors& seed = out[c.cell.seed];
    for (std::size_t k = 0; k < c.ids.size(); ++k) seed.by_id[c.ids[k]] = std::abs(c.ages[k] - c.predicted[k]);
    seed.ages.insert(seed.ages.end(), c.ages.begin(), c.ages.end());
    seed.predicted.insert(seed.predicted.end(), c.predicted.begin(), c.predicted.end());
    seed.mean_age_mae += c.mean_age.mae;
    seed.validation_mae += c.validation_mae;
    ++seed.folds;
  }
  return out;
}

/// Complete seeds alone: those with as many folds as the plan has.
std::map<Index, SeedErrors> complete(const StudyPlan& plan, std::map<Index, SeedErrors> seeds, std::size_t study,
                                     std::size_t row) {
  std::map<Index, std::size_t> folds;
  for (const Cell& cell : plan.cells)
    if (cell.study == study && cell.row == row) ++folds[cell.seed];
  std::erase_if(seeds, [&](const auto& seed) { return seed.second.folds < folds[seed.first]; });
  return seeds;
}

/// The errors of two rows on the seeds and subjects of both; nothing if they have none in common.
std::optional<PairedDifference> compared(const std::map<Index, SeedErrors>& row,
                                         const std::map<Index, SeedErrors>& with) {
  std::vector<double> a, b;
  Index seeds = 0, subjects = 0;
  std::set<std::string> ids;
  for (const auto& [seed, errors] : row) {
    const auto other = with.find(seed);
    if (other == with.end()) continue;
    std::set<std::string> here;
    for (const auto& [id, error] : errors.by_id)
      if (other->second.by_id.contains(id)) here.insert(id);
    if (seeds == 0) ids = here;
    if (ids != here || ids.empty()) return std::nullopt;
    for (const std::string& id : ids) {
      a.push_back(errors.by_id.at(id));
      b.push_back(other->second.by_id.at(id));
    }
    ++seeds;
    subjects = static_cast<Index>(ids.size());
  }
  if (seeds == 0) return std::nullopt;
  return paired_difference({a, seeds, subjects}, {b, seeds, subjects});
}

RowResult row_result(const std::map<Index, SeedErrors>& seeds) {
  RowResult out;
  std::vector<double> mae, r, r2, rmse;
  for (const auto& [seed, errors] : seeds) {
    const Metrics m = measure(errors.ages, errors.predicted);
    mae.push_back(m.mae);
    r.push_back(m.r);
    r2.push_back(m.r2);
    rmse.push_back(m.rmse);
    const double all = static_cast<double>(errors.folds * seeds.size());
    out.mean_age_mae += errors.mean_age_mae / all;
    out.validation_mae += errors.validation_mae / all;
  }
  out.seeds = static_cast<Index>(seeds.size());
  out.mae = mean_sd(mae);
  out.r = mean_sd(r);
  out.r2 = mean_sd(r2);
  out.rmse = mean_sd(rmse);
  return out;
}

void require_one_cohort(const std::vector<CellResult>& cells) {
  for (const CellResult& c : cells)
    if (c.cohort != cells.front().cohort)
      fail(ErrorKind::data, "study", "its trainings used different cohorts, or a cohort that changed between them",
           "Remove the folders of the trainings with the old cohort, and run the study again");
}

std::size_t reference_row(const Study& study) {
  for (std::size_t r = 0; r < study.rows.size(); ++r)
    if (study.rows[r].name == study.options.reference) return r;
  return 0;
}

void correct(std::vector<RowResult>& rows) {
  std::vector<double> p;
  for (const RowResult& row : rows)
    if (row.difference) p.push_back(row.difference->p);
  const std::vector<double> corrected = holm(p);
  std::size_t k = 0;
  for (RowResult& row : rows)
    if (row.difference) row.corrected_p = corrected[k++];
}

std::string plus_minus(const MeanSd& value) {
  return std::isfinite(value.sd) ? fmt::format("{:.3f} ± {:.3f}", value.mean, value.sd)
                                 : fmt::format("{:.3f}", value.mean);
}

}  // namespace

CellResult evaluate_cell(const StudyPlan& plan, const Cell& cell) {
  const Training& training = plan.trainings[cell.training];
  const EvaluationOptions& how = plan.row(cell).config.evaluation;
  const StoredFeatures stored =
      read_embeddings(training.folder / "embeddings.h5", cell.seed, training.config.train.epochs);
  const std::vector<Index> train = stored.part("train"), validation = stored.part("validation"),
                           test = stored.part("test");
  const auto features = [&](const std::vector<Index>& subjects) { return select(stored.at(how.features), subjects); };
  const SubjectFeatures fitted = features(train), tested = features(test);
  PredictorOptions options = how.predictor;
  options.shared.seed = static_cast<std::uint64_t>(cell.seed);
  CellResult out{.cell = cell,
                 .ids = {},
                 .ages = ages_of(stored, test),
                 .predicted = {},
                 .test = {},
                 .mean_age = {},
                 .cohort = stored.cohort};
  const std::vector<double> ages = ages_of(stored, train);
  const AgePredictor predictor = fit_predictor(options, fitted.rows(), ages);
  for (const Index i : test) out.ids.push_back(stored.ids[static_cast<std::size_t>(i)]);
  out.predicted = predictor.predict(tested.rows());
  out.test = measure(out.ages, out.predicted);
  out.validation_mae = std::numeric_limits<double>::quiet_NaN();
  if (!validation.empty())
    out.validation_mae =
        mean_absolute_error(ages_of(stored, validation), predictor.predict(features(validation).rows()));
  out.mean_age = baseline(ages, out.ages);
  out.penalty = predictor.penalty;
  out.synthetic = stored.synthetic;
  return out;
}

std::vector<RowResult> summarise_study(const StudyPlan& plan, std::size_t study, const std::vector<CellResult>& cells) {
  std::vector<CellResult> own;
  for (const CellResult& c : cells)
    if (c.cell.study == study) own.push_back(c);
  require_one_cohort(own);
  const Study& of = plan.studies[study];
  const std::size_t reference = reference_row(of);
  const auto seeds_of = [&](std::size_t row) { return complete(plan, errors_of(own, study, row), study, row); };
  const std::map<Index, SeedErrors> compared_with = seeds_of(reference);
  std::vector<RowResult> rows;
  for (std::size_t r = 0; r < of.rows.size(); ++r) {
    const std::map<Index, SeedErrors> seeds = seeds_of(r);
    if (seeds.empty()) continue;
    RowResult row = row_result(seeds);
    row.study = study;
    row.row = r;
    row.wanted = static_cast<Index>(of.options.seeds.size());
    if (r != reference) row.difference = compared(seeds, compared_with);
    rows.push_back(row);
  }
  correct(rows);
  return rows;
}

std::string results_csv(const StudyPlan& plan, const std::vector<CellResult>& cells) {
  std::string out = csv_line({"study", "row", "label", "seed", "fold", "test_subjects", "mae", "r", "r2", "rmse",
                              "penalty", "mean_age_mae", "validation_mae", "training", "synthetic"});
  for (const CellResult& c : cells) {
    const StudyRow& row = plan.row(c.cell);
    out += csv_line({csv_text(plan.studies[c.cell.study].name), csv_text(row.name), csv_text(row.label),
                     std::to_string(c.cell.seed), std::to_string(c.cell.fold), std::to_string(c.ids.size()),
                     csv_number(c.test.mae), csv_number(c.test.r), csv_number(c.test.r2), csv_number(c.test.rmse),
                     csv_number(c.penalty), csv_number(c.mean_age.mae), csv_number(c.validation_mae),
                     csv_text(plan.trainings[c.cell.training].folder.filename().string()), c.synthetic ? "1" : "0"});
  }
  return out;
}

std::string study_table(const StudyPlan& plan, std::size_t study, const std::vector<RowResult>& rows) {
  const Study& of = plan.studies[study];
  std::size_t widest = 3;
  for (const StudyRow& row : of.rows) widest = std::max(widest, row.label.size());
  const std::string& reference = of.rows[reference_row(of)].label;
  std::string out = fmt::format("\n{}\n\n{:<{}}  {:>5}  {:<15}  {:<15}  {:<6}  {}\n",
                                of.options.title.empty() ? of.name : of.options.title, "row", widest, "seeds",
                                "test MAE, years", "paper", "r", "difference to " + reference + ", years");
  for (const RowResult& r : rows) {
    const StudyRow& row = of.rows[r.row];
    std::string difference;
    if (r.difference)
      difference = fmt::format("{:+.3f} [{:+.3f}, {:+.3f}], p = {:.3f}", r.difference->mean, r.difference->low,
                               r.difference->high, r.corrected_p);
    out += fmt::format("{:<{}}  {:>5}  {:<15}  {:<15}  {:<6.3f}  {}\n", row.label, widest,
                       fmt::format("{}/{}", r.seeds, r.wanted), plus_minus(r.mae),
                       row.paper ? plus_minus(*row.paper) : "", r.r.mean, difference);
  }
  const auto chosen = std::ranges::min_element(rows, {}, [](const RowResult& r) {
    return std::isnan(r.validation_mae) ? std::numeric_limits<double>::infinity() : r.validation_mae;
  });
  if (chosen != rows.end() && std::isfinite(chosen->validation_mae))
    out += fmt::format("chosen by the validation part: {} (validation MAE {:.3f}, test MAE {:.3f} years)\n",
                       of.rows[chosen->row].label, chosen->validation_mae, chosen->mae.mean);
  if (!rows.empty()) out += fmt::format("predicting the mean age: MAE {:.3f} years\n", rows.front().mean_age_mae);
  return out;
}

bool StudyResults::is_synthetic() const {
  return std::ranges::any_of(cells, [](const CellResult& cell) { return cell.synthetic; });
}

StudyResults study_results(const StudyPlan& plan) {
  StudyResults out{.plan = plan, .cells = {}, .rows = {}, .missing = {}};
  std::set<std::string> missing;
  for (const Cell& cell : plan.cells) {
    const Training& training = plan.trainings[cell.training];
    if (training.is_done())
      out.cells.push_back(evaluate_cell(plan, cell));
    else
      missing.insert(training.text);
  }
  out.missing.assign(missing.begin(), missing.end());
  for (std::size_t s = 0; s < plan.studies.size(); ++s) out.rows.push_back(summarise_study(plan, s, out.cells));
  return out;
}

}  // namespace cg
