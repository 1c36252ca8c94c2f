// SPDX-License-Identifier: Apache-2.0
// The list of all predictors of age. A new predictor: its header, included here, and its name at the end of the list.
// Then configurations and the tests of all predictors know it. Read next: l1_predictor.h, a short one.
#pragma once

#include "experiments/statistics/dex_predictor.h"
#include "experiments/statistics/huber_predictor.h"
#include "experiments/statistics/l1_predictor.h"
#include "experiments/statistics/ridge.h"

namespace cg {

/// Names, and the predictors' own options, have this order in a configuration.
using AllPredictors = TypeList<RidgePredictor, L1Predictor, HuberPredictor, DexPredictor>;

}  // namespace cg
