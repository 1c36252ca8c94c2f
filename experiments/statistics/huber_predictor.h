// SPDX-License-Identifier: Apache-2.0
// The predictor that minimises Huber's loss (1964; paper Fig. 4b, "Huber"): squared errors up to δ, absolute ones
// beyond.
//
//   1/n Σ_i h(p_i − y_i) / min(δ, 1) + penalty/2 · ‖W‖²,   h(r) = r²/2 where |r| ≤ δ, else δ(|r| − δ/2),   p_i = W x_i
//   + b
//
// Features and ages are standardised for it, and δ with the ages. The division makes a penalty mean the same for every
// δ: with a small δ the loss is that of L1. Read next: trained_predictor.h, how it is minimised.
#pragma once

#include <algorithm>

#include "experiments/statistics/predictor_losses.h"
#include "experiments/statistics/trained_predictor.h"

namespace cg {

struct HuberPredictor {
  static constexpr const char* name = "huber";
  static constexpr std::span<const double> penalties = trained_penalties;

  struct Options {
    double huber_delta = 1;  ///< years; PyTorch's default

    static Fields<Options> fields();
  };
  SharedPredictorOptions shared = {};
  Options own = {};

  std::vector<AgePredictor> fit(const FeatureRows& features, std::span<const double> ages,
                                std::span<const double> penalised_by) const {
    return fit_regression(features, ages, shared.seed, penalised_by,
                          [this](const auto& predicted, const auto& y, double years) {
                            const double delta = own.huber_delta / years, slope = std::min(delta, 1.0);
                            LossAndGradient loss = huber_loss(predicted, y, delta);
                            loss.value /= slope;
                            for (double& g : loss.gradient) g /= slope;
                            return loss;
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
