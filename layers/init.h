// SPDX-License-Identifier: Apache-2.0
// Initial values of parameters: the distributions of the published network, which are PyTorch's defaults.
#pragma once

#include <cmath>

#include "autograd/parameter.h"

namespace cg::init {

inline Initial zeros() { return {Initial::Distribution::zeros, 0}; }
inline Initial ones() { return {Initial::Distribution::ones, 0}; }

/// Convolutions: normal with standard deviation √(2 / (O · kernel)) (He et al. 2015, fan-out).
/// `weight`: [O, kD, kH, kW, I].
inline Initial kaiming_fan_out(const Shape& weight) {
  return {Initial::Distribution::normal,
          std::sqrt(2.0 / static_cast<double>(weight[0] * weight[1] * weight[2] * weight[3]))};
}

/// Linear layers, weight and bias: uniform within ± 1/√inputs (PyTorch's default).
inline Initial uniform_fan_in(Index inputs) {
  return {Initial::Distribution::uniform, 1 / std::sqrt(static_cast<double>(inputs))};
}

}  // namespace cg::init
