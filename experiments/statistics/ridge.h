// SPDX-License-Identifier: Apache-2.0
// Ridge regression of age on features: how representations are evaluated (paper section 4.2; with contiguous inner
// folds scikit-learn's GridSearchCV(Ridge()) with its default score). Nothing is standardised. Read next: predictor.h.
#pragma once

#include <span>
#include <vector>

#include "experiments/statistics/predictor.h"

namespace cg {

/// age = intercept + weights · features
struct RidgeModel {
  double alpha = 0;
  double intercept = 0;
  std::vector<double> weights;  ///< [p]
};

/// Minimises Σ (age − intercept − w·x)² + alpha ‖w‖²; the intercept is not penalised. Features [n, p], ages [n]; works
/// for p > n too. Errors: data, if the sizes disagree or n < 2; numbers, if a value is not finite.
RidgeModel fit_ridge(const FeatureRows& features, std::span<const double> ages, double alpha);

/// Predicted ages [n]. Errors: data, if the number of columns is not the model's.
std::vector<double> predict(const RidgeModel& model, const FeatureRows& features);

/// Ridge regression as a predictor of age; its penalty is alpha.
struct RidgePredictor {
  static constexpr const char* name = "ridge";
  static constexpr double penalties[] = {0.01, 0.1, 1, 10, 100};  ///< as published

  using Options = NoOptions;
  SharedPredictorOptions shared = {};
  Options own = {};

  std::vector<AgePredictor> fit(const FeatureRows& features, std::span<const double> ages,
                                std::span<const double> alphas) const;
};
static_assert(PredictorType<RidgePredictor>);

}  // namespace cg
