// SPDX-License-Identifier: Apache-2.0
// Negative numbers become zero.
// Forward: y = max(0, x), NaN where x is NaN
// Backward: dx = dy, but 0 where y ≤ 0 (0 at the kink, dy at NaN, as in PyTorch)
#pragma once

#include "tensor/op.h"
#include "tensor/ops/rectified.h"

namespace cg {

/// Input: x of any shape. Output: y, the only thing kept.
struct Relu {
  static constexpr std::string_view name = "relu";
  static constexpr const char* input_names[] = {"x"};
  Plan plan(std::span<const Spec> in) const { return {.outputs = {in[0]}, .saved = {}, .saved_outputs = 0b1}; }
};

namespace reference {

template <class T>
void forward(const Relu&, Call& call) {
  const auto x = call.in[0].data<T>(), y = call.out[0].data<T>();
  for (std::size_t k = 0; k < x.size(); ++k) y[k] = rectified(x[k]);
}

template <class T>
void backward(const Relu&, Call& call) {
  const auto y = call.out[0].data<T>(), dy = call.grad_out[0].data<T>(), dx = call.grad_in[0].data<T>();
  for (std::size_t k = 0; k < y.size(); ++k) dx[k] = passed(y[k], dy[k]);
}

}  // namespace reference
}  // namespace cg
