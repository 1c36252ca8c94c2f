// SPDX-License-Identifier: Apache-2.0
// The numbers of a study, from the features that its trainings stored: a predictor of age is fitted for each cell, and
// rows are summarised over seeds. Read next: experiments/statistics/predictor.h, experiments/statistics/paired.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/statistics/paired.h"
#include "experiments/study/trainings.h"

namespace cg {

/// A cell's test part.
struct CellResult {
  Cell cell;
  std::vector<std::string> ids;
  std::vector<double> ages, predicted;  ///< years
  Metrics test, mean_age;               ///< the errors, and those of predicting the mean age of the training part
  double validation_mae = 0;            ///< NaN: there is no validation part
  double penalty = 0;                   ///< of the predictor
  std::string cohort;                   ///< digest
  bool synthetic = false;
};

/// Fits the row's predictor on the stored features of the training part. Errors: data and corrupt, of embeddings.h5;
/// numbers.
CellResult evaluate_cell(const StudyPlan& plan, const Cell& cell);

/// A row over its seeds. With several folds a seed's error is that over the subjects of all folds.
struct RowResult {
  std::size_t study = 0, row = 0;
  Index seeds = 0, wanted = 0;  ///< evaluated, and of the study
  MeanSd mae, r, r2, rmse;
  double validation_mae = 0;  ///< NaN: there is no validation part
  double mean_age_mae = 0;
  std::optional<PairedDifference> difference;  ///< to the reference row, over the seeds and subjects of both
  double corrected_p = 1;                      ///< of several rows, by Holm
};

/// The rows of one study, in its order; those without a complete seed are left out. Errors: data, if cells were
/// computed from different cohorts.
std::vector<RowResult> summarise_study(const StudyPlan& plan, std::size_t study, const std::vector<CellResult>& cells);

/// One line per cell. Columns: docs/studies.md.
std::string results_csv(const StudyPlan& plan, const std::vector<CellResult>& cells);

/// The rows as a table in text, with the paper's numbers beside them. With a validation part, the row that it chooses
/// is named: the test part has no say in that.
std::string study_table(const StudyPlan& plan, std::size_t study, const std::vector<RowResult>& rows);

/// What a study has so far.
struct StudyResults {
  StudyPlan plan;
  std::vector<CellResult> cells;             ///< of the trainings that are done
  std::vector<std::vector<RowResult>> rows;  ///< of each study
  std::vector<std::string> missing;          ///< trainings

  bool is_synthetic() const;
};

/// Evaluates the cells of the trainings that are done. Errors: as evaluate_cell and summarise_study.
StudyResults study_results(const StudyPlan& plan);

}  // namespace cg
