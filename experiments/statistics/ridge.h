// SPDX-License-Identifier: Apache-2.0
// Ridge regression of age on features, its penalty chosen by cross-validation: how representations are evaluated (paper
// section 4.2; scikit-learn's GridSearchCV(Ridge()) with its default score). Nothing is standardised. Read next:
// predictor.h, metrics.h.
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

struct RidgeSearch {
  RidgeModel model;             ///< refitted on all rows with the best alpha
  std::vector<double> alphas;   ///< tried: 0.01, 0.1, 1, 10, 100
  std::vector<double> mean_r2;  ///< over the folds, of each alpha
};

/// Minimises Σ (age − intercept − w·x)² + alpha ‖w‖²; the intercept is not penalised. Features [n, p], ages [n]; works
/// for p > n too. Errors: data, if the sizes disagree or n < 2; numbers, if a value is not finite.
RidgeModel fit_ridge(const FeatureRows& features, std::span<const double> ages, double alpha);

/// Chooses alpha by the mean R² over 5 contiguous folds, not shuffled, the first n mod 5 of them one longer; the
/// smaller alpha on a tie. Errors: as fit_ridge, and data if n < 10 (R² needs two rows a fold).
RidgeSearch search_ridge(const FeatureRows& features, std::span<const double> ages);

/// Predicted ages [n]. Errors: data, if the number of columns is not the model's.
std::vector<double> predict(const RidgeModel& model, const FeatureRows& features);

/// Ridge regression as a predictor of age.
struct RidgePredictor {
  static constexpr const char* name = "ridge";

  using Options = NoOptions;
  SharedPredictorOptions shared = {};
  Options own = {};

  AgePredictor fit(const FeatureRows& features, std::span<const double> ages) const;
};
static_assert(PredictorType<RidgePredictor>);

}  // namespace cg
