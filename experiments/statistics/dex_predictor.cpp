// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/dex_predictor.h"

#include <algorithm>
#include <cmath>

#include "experiments/statistics/predictor_losses.h"

namespace cg {

std::vector<AgePredictor> DexPredictor::fit(const FeatureRows& features, std::span<const double> ages,
                                            std::span<const double> penalised_by) const {
  const auto [youngest, oldest] = std::minmax_element(ages.begin(), ages.end());
  const Index first = std::lround(*youngest), years = std::lround(*oldest) - first + 1;
  std::vector<Index> truth;
  for (const double age : ages) truth.push_back(std::lround(age) - first);
  std::vector<AgePredictor> out =
      train_linear(features, years, shared.seed, penalised_by,
                   [&](std::span<const double> logits) { return cross_entropy(logits, truth, years); });
  for (AgePredictor& predictor : out) {
    predictor.expectation = true;
    predictor.first_year = static_cast<double>(first);
  }
  return out;
}

}  // namespace cg
