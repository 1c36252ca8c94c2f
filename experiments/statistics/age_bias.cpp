// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/age_bias.h"

#include <numeric>

namespace cg {
namespace {

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
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

}  // namespace cg
