// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/age_bias.h"

#include <doctest/doctest.h>

#include <cmath>

#include "experiments/statistics/metrics.h"
#include "experiments/statistics/predictor.h"
#include "tensor/random.h"

using namespace cg;

TEST_CASE("Age bias: the line of the gaps over the ages, after which they depend on age no more") {
  const std::vector<double> ages = {20, 40, 60, 80};
  std::vector<double> predicted;
  for (const double age : ages) predicted.push_back(age + 12 - 0.25 * age);
  const AgeBias bias = fit_age_bias(ages, predicted);
  CHECK(bias.intercept == doctest::Approx(12));
  CHECK(bias.slope == doctest::Approx(-0.25));
  for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(predicted[i] - ages[i] - bias(ages[i])) < 1e-9);
  const AgeBias flat = fit_age_bias(std::vector<double>{50, 50}, std::vector<double>{51, 55});
  CHECK(flat.slope == 0);
  CHECK(flat.intercept == 3);
}

TEST_CASE("Age bias: a subject's age is predicted without it, with the penalty that all chose") {
  constexpr Index n = 23, p = 2;
  Random random({.seed = 4});
  std::vector<double> x, ages;
  for (Index i = 0; i < n; ++i) {
    x.push_back(random.normal());
    x.push_back(random.normal());
    ages.push_back(50 + 8 * x[x.size() - 2] + 4 * random.normal());
  }
  const FeatureRows rows{x, n, p};
  const PredictorOptions options{.shared = {.inner_folds = InnerFolds::contiguous}};
  const AgePredictor fitted = fit_predictor(options, rows, ages);
  const std::vector<double> left_out = predict_left_out(options, fitted, rows, ages);
  REQUIRE(left_out.size() == n);
  // The first fold has 5 rows: the others are what its predictor was fitted on.
  const std::span<const double> all = x, years = ages;
  const AgePredictor others =
      fit_predictor({.shared = {.penalty = fitted.penalty, .inner_folds = InnerFolds::contiguous}},
                    {all.subspan(5 * p), n - 5, p}, years.subspan(5));
  const std::vector<double> first = others.predict({all.first(5 * p), 5, p});
  for (std::size_t i = 0; i < 5; ++i) CHECK(left_out[i] == first[i]);
  CHECK(mean_absolute_error(ages, left_out) > mean_absolute_error(ages, fitted.predict(rows)));
}

TEST_CASE("Age bias: with too few subjects to leave some out, the predictor of all is used") {
  const std::vector<double> x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
                            ages = {21, 32, 40, 55, 61, 70, 83, 90, 94, 99, 101};
  const AgePredictor fitted = fit_predictor({}, {x, 11, 1}, ages);
  CHECK(predict_left_out({}, fitted, {x, 11, 1}, ages) == fitted.predict({x, 11, 1}));
}
