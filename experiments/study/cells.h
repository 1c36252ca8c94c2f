// SPDX-License-Identifier: Apache-2.0
// The numbers of a study, from the features that its trainings stored: a predictor of age is fitted for each cell, and
// rows are summarised over seeds. Read next: experiments/statistics/predictor.h,
// experiments/statistics/paired.h, experiments/statistics/resampled.h.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "experiments/record/embeddings_file.h"
#include "experiments/statistics/paired.h"
#include "experiments/study/trainings.h"

namespace cg {

/// A cell's test part.
struct CellResult {
  Cell cell;
  std::vector<std::string> ids;
  std::vector<double> ages, predicted;                ///< years
  std::vector<std::string> sexes = {}, studies = {};  ///< of the subjects; empty texts if unknown
  Index train_subjects = 0, validation_subjects = 0;
  double gap_slope = 0;       ///< of predicted − true age on age
  Metrics test, mean_age;     ///< the errors, and those of predicting the mean age of the training part
  double validation_mae = 0;  ///< NaN: there is no validation part
  double penalty = 0;         ///< of the predictor
  std::string cohort;         ///< digest
  bool synthetic = false;
};

/// Fits the row's predictor on the stored features of the training part. Errors: numbers.
CellResult evaluate_cell(const StudyPlan& plan, const Cell& cell, const StoredFeatures& stored);

/// What a training stored. Errors: data and corrupt, of embeddings.h5.
StoredFeatures stored_features(const Training& training);
using ReadFeatures = std::function<StoredFeatures(const Training&)>;

/// The cells of the trainings that `is_done` names, in the plan's order. What a training stored is read once.
std::vector<CellResult> evaluate_cells(const StudyPlan& plan, const std::vector<bool>& is_done,
                                       const ReadFeatures& read = stored_features);

/// The cells of a row by seed. A seed is left out while a fold of it is missing.
using CellsBySeed = std::map<Index, std::vector<const CellResult*>>;
CellsBySeed complete_seeds(const StudyPlan& plan, std::size_t study, std::size_t row,
                           const std::vector<CellResult>& cells);

/// The row with which the others of a study are compared.
std::size_t reference_row(const Study& study);

/// A row over its seeds. With several folds a seed's error is that over the subjects of all folds.
struct RowResult {
  std::size_t study = 0, row = 0;
  Index seeds = 0, wanted = 0;  ///< evaluated, and of the study
  MeanSd mae, r, r2, rmse, gap_slope;
  std::map<Index, double> mae_by_seed;
  double validation_mae = 0;                   ///< mean over seeds; NaN: there is no validation part
  double mean_age_mae = 0;                     ///< the same, of predicting the mean age of the training part
  std::optional<PairedDifference> difference;  ///< to the reference row, over the seeds and subjects of both
  double corrected_p = 1;                      ///< of several rows, by Holm
  /// The same with the variance that is corrected for divisions that share subjects, with k_fold and repeated.
  std::optional<PairedDifference> resampled;
  double corrected_resampled_p = 1;

  /// The difference and the p from which to conclude: the corrected ones, where the protocol has them.
  const std::optional<PairedDifference>& conclusion() const { return resampled ? resampled : difference; }
  double conclusion_p() const { return resampled ? corrected_resampled_p : corrected_p; }
};

/// The rows of one study, in its order; those without a complete seed are left out. Errors: data, if cells were
/// computed from different cohorts.
std::vector<RowResult> summarise_study(const StudyPlan& plan, std::size_t study, const std::vector<CellResult>& cells);

/// What a study has so far.
struct StudyResults {
  StudyPlan plan;
  std::vector<CellResult> cells;             ///< of the trainings that are done
  std::vector<std::vector<RowResult>> rows;  ///< of each study
  std::vector<std::string> missing;          ///< trainings

  bool is_synthetic() const;
};

/// Evaluates the cells of the trainings that are done. Errors: as evaluate_cells and summarise_study.
StudyResults study_results(const StudyPlan& plan);

}  // namespace cg
