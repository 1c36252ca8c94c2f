// SPDX-License-Identifier: Apache-2.0
// The difference of two methods over several divisions into training and test part. The divisions share subjects, so
// their differences are not independent, and S²/J would be too small. Nadeau & Bengio 2003, "Inference for the
// Generalization Error", Machine Learning 52, section 4.1 (the corrected resampled t-test), estimate the variance of
// the mean of J differences d_j as
//   (1/J + n_test/n_train) · S²,   S² = Σ (d_j − d̄)² / (J − 1)
// and compare with Student's t with J − 1 degrees of freedom. For the folds of repeated k-fold cross-validation:
// Bouckaert & Frank 2004, "Evaluating the Replicability of Significance Tests", PAKDD. Read next: paired.h.
#pragma once

#include <span>

#include "experiments/statistics/paired.h"

namespace cg {

/// The difference over one division.
struct DivisionDifference {
  double mean = 0;            ///< of the error of one method minus that of another, over the test part
  Index test = 0, train = 0;  ///< subjects
};

/// Mean, 95 % interval and two-sided p. n_test/n_train is the mean over the divisions. Fewer than two divisions: the
/// interval is infinite, and p is 1. Errors: usage, for no division, or one without subjects.
PairedDifference resampled_difference(std::span<const DivisionDifference> divisions);

}  // namespace cg
