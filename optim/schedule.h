// SPDX-License-Identifier: Apache-2.0
// The learning rate as a pure function of the epoch: nothing to save, nothing to forget.
#pragma once

#include <cmath>

#include "tensor/index.h"

namespace cg {

/// Step decay: rate(epoch) = initial · factor^⌊(epoch − 1) / every⌋, epochs counted from 1. With every = 10 the first
/// decay is at epoch 11 (paper section 4.2).
struct Schedule {
  double initial = 1e-4;
  double factor = 0.9;
  Index every = 10;

  double rate(Index epoch) const { return initial * std::pow(factor, static_cast<double>((epoch - 1) / every)); }
};

}  // namespace cg
