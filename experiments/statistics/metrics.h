// SPDX-License-Identifier: Apache-2.0
// How good predicted ages are. All in the unit of the ages (years); ages and predictions are [n], n ≥ 1, in one order.
#pragma once

#include <span>

namespace cg {

/// Mean |age − predicted|.
double mean_absolute_error(std::span<const double> ages, std::span<const double> predicted);

/// Square root of the mean squared error.
double root_mean_squared_error(std::span<const double> ages, std::span<const double> predicted);

/// 1 − Σ(age − predicted)² / Σ(age − mean age)². All ages equal: 1 if every prediction is exact, else 0.
double r_squared(std::span<const double> ages, std::span<const double> predicted);

/// Pearson's correlation; NaN where the ages or the predictions are all equal.
double pearson_r(std::span<const double> ages, std::span<const double> predicted);

/// Slope of the gap (predicted − age) on age by least squares, years per year: below 0, young subjects are predicted
/// too old and old ones too young. NaN where the ages are all equal.
double gap_slope(std::span<const double> ages, std::span<const double> predicted);

struct Metrics {
  double mae = 0, rmse = 0, r2 = 0, r = 0;
};

/// All of them.
Metrics measure(std::span<const double> ages, std::span<const double> predicted);

struct MeanSd {
  double mean = 0;
  double sd = 0;  ///< of the sample: over n − 1 (ddof 1); NaN for one value
};

/// Mean and standard deviation over seeds.
MeanSd mean_sd(std::span<const double> values);

/// The metrics of predicting every test age as the mean of the training ages: what a model must beat.
/// r2 is at most 0, r is NaN.
Metrics baseline(std::span<const double> train_ages, std::span<const double> test_ages);

}  // namespace cg
