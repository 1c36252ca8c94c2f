// SPDX-License-Identifier: Apache-2.0
// Batch normalisation and ReLU in one pass. y need not be stored: x and the statistics give it again.
// Forward: y = max(0, batch_norm(x))
// Backward: g = dy, but 0 where batch_norm(x) ≤ 0;   dx, dγ, dβ from g as in batch_norm.h
#pragma once

#include "tensor/ops/batch_norm.h"
#include "tensor/ops/rectified.h"

namespace cg {

/// Inputs: x, γ, β, running mean, running variance. Output: y, recomputable.
struct BatchNormRelu {
  NormAttributes norm;

  static constexpr std::string_view name = "batch_norm_relu";
  static constexpr const char* input_names[] = {"x", "γ", "β", "running mean", "running variance"};
  static constexpr const char* saved_names[] = {"μ", "r"};

  Plan plan(std::span<const Spec> in) const {
    return {.outputs = {in[0]},
            .saved = plan_norm(name, norm, in),
            .saved_inputs = 0b111,
            .recomputable = 0b1,
            .in_place = 0b1};
  }
};

namespace reference {

template <class T>
void recompute(const BatchNormRelu&, Call& call) {
  const Normalised<T> bn(call);
  const auto y = call.out[0].data<T>();
#pragma omp parallel for
  for (std::size_t k = 0; k < y.size(); ++k) y[k] = static_cast<T>(rectified(bn.value(k)));
}

template <class T>
void forward(const BatchNormRelu& op, Call& call) {
  norm_statistics<T>(op.norm, call);
  recompute<T>(op, call);
}

template <class T>
void backward(const BatchNormRelu& op, Call& call) {
  const Normalised<T> bn(call);
  const auto dy = call.grad_out[0].data<T>();
  norm_backward<T>(op.norm, call, [&](std::size_t k) { return passed(bn.value(k), dy[k]); });
}

}  // namespace reference
}  // namespace cg
