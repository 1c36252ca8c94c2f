// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/age_bias.h"

#include <numeric>

namespace cg {
namespace {

constexpr Index folds = 5, fewest = 10;

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// `values` without the entries `first` … `first + n` − 1.
std::vector<double> without(std::span<const double> values, Index first, Index n) {
  std::vector<double> out(values.begin(), values.begin() + first);
  out.insert(out.end(), values.begin() + first + n, values.end());
  return out;
}

}  // namespace

AgeBias fit_age_bias(std::span<const double> ages, std::span<const double> predicted) {
  const double age = mean(ages), gap = mean(predicted) - age;
  double products = 0, squares = 0;
  for (std::size_t i = 0; i < ages.size(); ++i) {
    products += (ages[i] - age) * (predicted[i] - ages[i] - gap);
    squares += (ages[i] - age) * (ages[i] - age);
  }
  const double slope = squares > 0 ? products / squares : 0;
  return {.intercept = gap - slope * age, .slope = slope};
}

std::vector<double> predict_left_out(const PredictorOptions& options, const FeatureRows& features,
                                     std::span<const double> ages) {
  const Index n = features.rows, p = features.columns;
  if (n - (n + folds - 1) / folds < fewest) return fit_predictor(options, features, ages).predict(features);
  std::vector<double> out;
  for (Index fold = 0, first = 0; fold < folds; ++fold) {
    const Index size = n / folds + (fold < n % folds ? 1 : 0);
    const std::vector<double> rest = without(features.values, first * p, size * p),
                              rest_ages = without(ages, first, size);
    const AgePredictor predictor = fit_predictor(options, {rest, n - size, p}, rest_ages);
    const auto left_out =
        features.values.subspan(static_cast<std::size_t>(first * p), static_cast<std::size_t>(size * p));
    for (const double age : predictor.predict({left_out, size, p})) out.push_back(age);
    first += size;
  }
  return out;
}

}  // namespace cg
