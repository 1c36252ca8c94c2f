// SPDX-License-Identifier: Apache-2.0
// One direction of one convolution, as passed to its kernel.
#pragma once

#include <compare>
#include <string>

#include "tensor/backend/cuda_module.h"
#include "tensor/ops/volume.h"

namespace cg::cuda {

/// x [n, D, H, W, I], w [O, kD, kH, kW, I] and y [n, D', H', W', O], all of one type. The direction's result is
/// written, the others are read.
struct ConvolutionProblem {
  Direction direction;
  DType dtype;
  Shape x, w, y;
  Triple stride, padding;
  bool adds = false;  ///< the result is added to what is there
  auto operator<=>(const ConvolutionProblem&) const = default;
};

}  // namespace cg::cuda
