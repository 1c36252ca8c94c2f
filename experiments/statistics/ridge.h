// SPDX-License-Identifier: Apache-2.0
// Ridge regression of age on features: how representations are evaluated (paper section 4.2; with contiguous inner
// folds scikit-learn's GridSearchCV(Ridge()) with its default score). Nothing is standardised. Read next: predictor.h.
#pragma once

#include <span>
#include <vector>

#include "experiments/statistics/predictor.h"

namespace cg {

/// Minimises Σ (age − b − w·x)² + alpha ‖w‖², where alpha is the penalty and b is not penalised.
struct RidgePredictor {
  static constexpr const char* name = "ridge";
  static constexpr double penalties[] = {0.01, 0.1, 1, 10, 100};  ///< as published

  using Options = NoOptions;
  SharedPredictorOptions shared = {};
  Options own = {};

  /// Features [n, p], ages [n]; works for p > n too. Errors: data, if the sizes disagree or n < 2; numbers, if a value
  /// is not finite.
  std::vector<AgePredictor> fit(const FeatureRows& features, std::span<const double> ages,
                                std::span<const double> alphas) const;
};
static_assert(PredictorType<RidgePredictor>);

}  // namespace cg
