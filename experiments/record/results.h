// SPDX-License-Identifier: Apache-2.0
// The output of a run's results: rows for predictions.csv, the picture, the last lines.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "experiments/record/recorder.h"
#include "experiments/training/evaluation.h"

namespace cg {

/// One row per subject: first the training part, then the validation part, then the test part.
std::vector<PredictionRow> prediction_rows(const CohortFile& cohort, Index seed, const Evaluation& evaluation);

/// Predicted against true age of the test part as SVG. `run`: the names of experiment and seed.
std::string prediction_picture(const CohortFile& cohort, const Evaluation& evaluation, const std::string& run);

/// Prints the test error over the seeds, and that of predicting the mean age, on standard output.
void print_results(std::span<const SeedResult> results, const Metrics& mean_age, bool synthetic);

}  // namespace cg
