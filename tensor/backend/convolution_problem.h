// SPDX-License-Identifier: Apache-2.0
// One direction of one convolution, as passed to an engine.
#pragma once

#include <compare>
#include <string>

#include "tensor/ops/volume.h"

namespace cg {

enum class Direction { forward, data_gradient, weight_gradient };
std::string name_of(Direction direction);

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

/// The tensor that the direction writes.
inline const Shape& result_shape(const ConvolutionProblem& p) {
  return p.direction == Direction::forward ? p.y : p.direction == Direction::data_gradient ? p.x : p.w;
}

/// Floating-point operations: a multiplication and an addition for every product; the same in all directions.
double operations(const ConvolutionProblem& problem);

}  // namespace cg
