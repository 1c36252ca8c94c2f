// SPDX-License-Identifier: Apache-2.0
// What a study must train. A training is one seed of one configuration; it is trained once, whatever number of rows and
// studies need it: predictors of age and the place of the features are evaluated on what it stored (cells.h). It has
// its own run folder, named by the digest of its configuration. Read next: study.h (rows), config.h.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiments/study/study.h"
#include "experiments/training/cohort.h"

namespace cg {

struct Training {
  Config config;                 ///< one seed; evaluation.features and the predictor have their defaults
  std::filesystem::path folder;  ///< of its run
  std::string text;              ///< the first row that needs it: "Threshold, seed 2"

  bool is_done() const;
  /// The seconds that its epochs took, if it is done.
  std::optional<double> seconds() const;
};

/// What decides how long an epoch takes, as text: trainings with equal ones take equally long.
std::string pace_of(const Config& config);

/// One number of a table: a row, a seed, and of several folds one.
struct Cell {
  std::size_t study = 0, row = 0, training = 0;
  Index seed = 0, fold = 0;  ///< fold: with leave_one_study_out the number of the study, in the order of their names
};

struct StudyPlan {
  std::vector<Study> studies;
  std::vector<Training> trainings;
  std::vector<Cell> cells;

  const StudyRow& row(const Cell& cell) const { return studies[cell.study].rows[cell.row]; }
};

/// The names of the studies in a cohort.
using StudyNames = std::function<std::vector<std::string>(const DataOptions&)>;

/// The trainings of some studies, each once, with their folders in `folder`. Their order is seed by seed over all rows,
/// so that a study that is stopped has rows that can be compared. `names` is asked for leave_one_study_out alone.
/// Errors: usage, for a protocol that divides the subjects itself, and a row that does so too; those of `names`.
StudyPlan plan_studies(std::vector<Study> studies, const std::filesystem::path& folder,
                       const StudyNames& names = study_names);

/// The configuration that a row is trained with. `data`: the row's, with one division into parts.
Config training_config(const StudyRow& row, Index seed, const DataOptions& data);

/// The study of the cohort that is a cell's test part; empty unless its study leaves one out.
std::string tested_study(const StudyPlan& plan, const Cell& cell);

}  // namespace cg
