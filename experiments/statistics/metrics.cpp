// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/metrics.h"

#include <cassert>
#include <cmath>
#include <limits>
#include <vector>

namespace cg {
namespace {

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

/// Σ (a_i − ā)(b_i − b̄)
double co_deviation(std::span<const double> a, std::span<const double> b) {
  const double mean_a = mean(a), mean_b = mean(b);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum;
}

double squared_error(std::span<const double> ages, std::span<const double> predicted) {
  assert(!ages.empty() && ages.size() == predicted.size());
  double sum = 0;
  for (std::size_t i = 0; i < ages.size(); ++i) sum += (ages[i] - predicted[i]) * (ages[i] - predicted[i]);
  return sum;
}

}  // namespace

double mean_absolute_error(std::span<const double> ages, std::span<const double> predicted) {
  assert(!ages.empty() && ages.size() == predicted.size());
  double sum = 0;
  for (std::size_t i = 0; i < ages.size(); ++i) sum += std::abs(ages[i] - predicted[i]);
  return sum / static_cast<double>(ages.size());
}

double root_mean_squared_error(std::span<const double> ages, std::span<const double> predicted) {
  return std::sqrt(squared_error(ages, predicted) / static_cast<double>(ages.size()));
}

double r_squared(std::span<const double> ages, std::span<const double> predicted) {
  const double error = squared_error(ages, predicted), spread = co_deviation(ages, ages);
  if (spread == 0) return error == 0 ? 1 : 0;  // scikit-learn's convention
  return 1 - error / spread;
}

double pearson_r(std::span<const double> ages, std::span<const double> predicted) {
  const double spread = std::sqrt(co_deviation(ages, ages)) * std::sqrt(co_deviation(predicted, predicted));
  return spread > 0 ? co_deviation(ages, predicted) / spread : std::numeric_limits<double>::quiet_NaN();
}

double gap_slope(std::span<const double> ages, std::span<const double> predicted) {
  const double spread = co_deviation(ages, ages);
  return spread > 0 ? co_deviation(ages, predicted) / spread - 1 : std::numeric_limits<double>::quiet_NaN();
}

Metrics measure(std::span<const double> ages, std::span<const double> predicted) {
  return {.mae = mean_absolute_error(ages, predicted),
          .rmse = root_mean_squared_error(ages, predicted),
          .r2 = r_squared(ages, predicted),
          .r = pearson_r(ages, predicted)};
}

MeanSd mean_sd(std::span<const double> values) {
  const double freedom = static_cast<double>(values.size()) - 1;
  return {
      .mean = mean(values),
      .sd = freedom > 0 ? std::sqrt(co_deviation(values, values) / freedom) : std::numeric_limits<double>::quiet_NaN()};
}

Metrics baseline(std::span<const double> train_ages, std::span<const double> test_ages) {
  Metrics out = measure(test_ages, std::vector<double>(test_ages.size(), mean(train_ages)));
  out.r = std::numeric_limits<double>::quiet_NaN();  // a constant correlates with nothing, whatever rounding says
  return out;
}

}  // namespace cg
