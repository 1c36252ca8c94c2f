// SPDX-License-Identifier: Apache-2.0
// What a predictor of age is trained with, on frozen features (paper section 4.3, Fig. 4b): values and hand-derived
// gradients. Predictions and ages [n], in any unit that they share; all are means over the subjects.
//   L1             L = 1/n Σ |p − y|                                   dL/dp = sign(p − y) / n
//   Huber          L = 1/n Σ r²/2 where |r| ≤ δ, else δ(|r| − δ/2)     dL/dp = clamp(r, −δ, δ) / n,   r = p − y
//   cross-entropy  L = 1/n Σ log Σ_k e^{l_k} − l_c                     dL/dl_k = (softmax(l)_k − [k = c]) / n
// trained_predictor.h minimises them.
#pragma once

#include <span>
#include <vector>

#include "tensor/index.h"

namespace cg {

struct LossAndGradient {
  double value = 0;
  std::vector<double> gradient;  ///< with respect to each prediction or logit
};

/// Mean absolute error; its gradient is 0 where prediction and age are equal.
LossAndGradient l1_loss(std::span<const double> predicted, std::span<const double> ages);

/// Huber's loss (1964): squared near 0, absolute from `delta` on.
LossAndGradient huber_loss(std::span<const double> predicted, std::span<const double> ages, double delta);

/// Logits [n, classes]; `truth` [n] are numbers of classes. Finite for logits of any size.
LossAndGradient cross_entropy(std::span<const double> logits, std::span<const Index> truth, Index classes);

/// softmax(l) of one row of logits.
std::vector<double> softmax(std::span<const double> logits);

}  // namespace cg
