// SPDX-License-Identifier: Apache-2.0
// What predictors share that are one linear layer, trained by this engine: its op, its tape and its Adam, all subjects
// in one batch, on features of mean 0 and standard deviation 1. They minimise
//   loss(W x + b) + penalty/2 · ‖W‖²
// Converged: the losses here are convex. The learning rate is halved whenever 50 steps lower the best objective by less
// than a hundred-thousandth of it, from 0.1 down to 1e-5; the best weights met are taken. Training ends after 20000
// steps in any case: with a penalty of 0 DEX's weights may grow without end. Read next: predictor_losses.h,
// predictor.h.
#pragma once

#include <functional>

#include "experiments/statistics/predictor.h"
#include "experiments/statistics/predictor_losses.h"

namespace cg {

/// Value and gradient of a loss, from what the layer gives for all subjects: [n, outputs].
using OutputLoss = std::function<LossAndGradient(std::span<const double> outputs)>;

/// The penalties that l1, huber and dex choose from.
constexpr double trained_penalties[] = {0.0001, 0.001, 0.01, 0.1, 1};

/// A linear layer of features [n, p] as they are, trained on standardised ones, for each of the penalties: W [outputs,
/// p].
std::vector<AgePredictor> train_linear(const FeatureRows& features, Index outputs, std::uint64_t seed,
                                       std::span<const double> penalties, const OutputLoss& loss);

/// A loss of predictions [n] and ages [n], both standardised: `years` is the length of their unit.
using RegressionLoss =
    std::function<LossAndGradient(std::span<const double> predicted, std::span<const double> ages, double years)>;

/// One output, the age. Ages are standardised too, so that neither their unit nor the features' matters.
/// Errors: as fit_predictor.
std::vector<AgePredictor> fit_regression(const FeatureRows& features, std::span<const double> ages, std::uint64_t seed,
                                         std::span<const double> penalties, const RegressionLoss& loss);

}  // namespace cg
