// SPDX-License-Identifier: Apache-2.0
// The output of a run's results: rows for predictions.csv, the picture, the last lines.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "experiments/record/recorder.h"
#include "experiments/training/evaluation.h"

namespace cg {

/// One row per subject: first the training part, then the validation part, then the test part.
std::vector<PredictionRow> prediction_rows(const CohortFile& cohort, Index seed, const Evaluation& evaluation);

/// Predicted against true age of the test part as SVG. The texts name what distinguishes the run: loss, experiment,
/// seed, cohort, numbers of subjects, and the options that differ from their defaults and count for the result.
std::string prediction_picture(const CohortFile& cohort, const Evaluation& evaluation, const Provenance& from,
                               Index seed);

/// The last lines of a run, from the summary.json in its folder: means over the seeds with their SD, the error of
/// predicting the mean age, whether the cohort is synthetic, and the folder. Empty if the file has no results.
std::string result_text(const std::filesystem::path& folder);

}  // namespace cg
