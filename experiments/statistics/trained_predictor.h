// Predictors that are one linear layer, trained by this engine: its op, its tape and its Adam, all subjects at once, on
// features of mean 0 and standard deviation 1. They minimise
//   loss(W x + b) + penalty/2 · ‖W‖²
// with the loss of predictor_losses.h. L1 and Huber: W [1, p], ages standardised too, so that neither their unit nor
// the features' matters. DEX: W [k, p], a logit for each whole year from the youngest to the oldest; the prediction is
// the expectation Σ_k softmax(W x + b)_k · year_k.
// Converged: all three are convex. The learning rate is halved whenever 50 steps lower the best objective by less than
// a hundred-thousandth of it, from 0.1 down to 1e-5; the best weights met are taken. 20000 steps end it in any case:
// with a penalty of 0 DEX's weights may grow for ever.
#pragma once

#include "experiments/statistics/predictor.h"

namespace cg {

/// Fits L1, Huber or DEX. Errors: as fit_predictor.
AgePredictor fit_trained(const PredictorOptions& options, const FeatureRows& features, std::span<const double> ages);

}  // namespace cg
