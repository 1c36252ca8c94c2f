// SPDX-License-Identifier: Apache-2.0
// What a study must train. A training is one seed of one configuration; it is trained once, whatever number of rows and
// studies need it: predictors of age and the place of the features are evaluated on what it stored (cells.h). It has
// its own run folder, named by the digest of its configuration. Read next: study.h (rows), config.h.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/study/study.h"

namespace cg {

struct Training {
  Config config;                 ///< one seed; evaluation.features and the predictor have their defaults
  std::filesystem::path folder;  ///< of its run
  std::string text;              ///< the first row that needs it: "Threshold, seed 2"

  bool is_done() const;
};

/// One number of a table: a row, a seed, and of several folds one.
struct Cell {
  std::size_t study = 0, row = 0, training = 0;
  Index seed = 0, fold = 0;
};

struct StudyPlan {
  std::vector<Study> studies;
  std::vector<Training> trainings;
  std::vector<Cell> cells;

  const StudyRow& row(const Cell& cell) const { return studies[cell.study].rows[cell.row]; }
};

/// The trainings of some studies, each once, in the order in which rows need them, with their folders in `folder`.
/// Errors: usage, for k_fold with a split that has no folds.
StudyPlan plan_studies(std::vector<Study> studies, const std::filesystem::path& folder);

/// The configuration that a row is trained with.
Config training_config(const StudyRow& row, Index seed, Index fold);

}  // namespace cg
