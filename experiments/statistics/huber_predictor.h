// SPDX-License-Identifier: Apache-2.0
// The predictor that minimises Huber's loss (1964; paper Fig. 4b, "Huber"): squared errors up to δ, absolute ones
// beyond.
//
//   1/n Σ_i h(p_i − y_i) + penalty/2 · ‖W‖²,   h(r) = r²/2 where |r| ≤ δ, else δ(|r| − δ/2),   p_i = W x_i + b
//
// Features and ages are standardised for it, and δ with the ages. Read next: trained_predictor.h, how it is minimised.
#pragma once

#include "experiments/statistics/predictor_losses.h"
#include "experiments/statistics/trained_predictor.h"

namespace cg {

struct HuberPredictor {
  static constexpr const char* name = "huber";

  struct Options {
    double huber_delta = 1;  ///< years; PyTorch's default

    static Fields<Options> fields();
  };
  SharedPredictorOptions shared = {};
  Options own = {};

  AgePredictor fit(const FeatureRows& features, std::span<const double> ages) const {
    return fit_regression(features, ages, shared, [this](const auto& predicted, const auto& y, double years) {
      return huber_loss(predicted, y, own.huber_delta / years);
    });
  }
};

inline Fields<HuberPredictor::Options> HuberPredictor::Options::fields() {
  return {
      field("huber_delta", &Options::huber_delta, above(0),
            "huber: errors up to it (years) count squared, larger ones absolutely."),
  };
}
static_assert(PredictorType<HuberPredictor>);

}  // namespace cg
