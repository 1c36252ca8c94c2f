// SPDX-License-Identifier: Apache-2.0
// The predictor that takes age as a class (Rothe, Timofte & Van Gool 2015; paper Fig. 4b, "DEX"): a logit for each
// whole year from the youngest to the oldest, trained by cross-entropy; the age is the expectation.
//
//   1/n Σ_i [ log Σ_k e^{l_ik} − l_ic(i) ] + penalty/2 · ‖W‖²,   l_i = W x_i + b,   age = Σ_k softmax(l)_k · year_k
//
// Read next: trained_predictor.h, how it is minimised.
#pragma once

#include "experiments/statistics/trained_predictor.h"

namespace cg {

struct DexPredictor {
  static constexpr const char* name = "dex";
  static constexpr std::span<const double> penalties = trained_penalties;

  using Options = NoOptions;
  SharedPredictorOptions shared = {};
  Options own = {};

  std::vector<AgePredictor> fit(const FeatureRows& features, std::span<const double> ages,
                                std::span<const double> penalised_by) const;
};
static_assert(PredictorType<DexPredictor>);

}  // namespace cg
