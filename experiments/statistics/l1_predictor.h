// SPDX-License-Identifier: Apache-2.0
// The predictor that minimises the absolute error (paper Fig. 4b, "L1"):
//
//   1/n Σ_i |p_i − y_i| + penalty/2 · ‖W‖²,   p_i = W x_i + b
//
// Features and ages are standardised for it. Read next: trained_predictor.h, how it is minimised.
#pragma once

#include "experiments/statistics/predictor_losses.h"
#include "experiments/statistics/trained_predictor.h"

namespace cg {

struct L1Predictor {
  static constexpr const char* name = "l1";
  static constexpr std::span<const double> penalties = trained_penalties;

  using Options = NoOptions;
  SharedPredictorOptions shared = {};
  Options own = {};

  std::vector<AgePredictor> fit(const FeatureRows& features, std::span<const double> ages,
                                std::span<const double> penalised_by) const {
    return fit_regression(features, ages, shared.seed, penalised_by,
                          [](const auto& predicted, const auto& y, double /*years*/) { return l1_loss(predicted, y); });
  }
};
static_assert(PredictorType<L1Predictor>);

}  // namespace cg
