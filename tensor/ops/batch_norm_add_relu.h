// SPDX-License-Identifier: Apache-2.0
// The end of a residual block.
// Forward: y = max(0, batch_norm(x) + residual)
// Backward: g = dy, but 0 where y ≤ 0;   d residual = g;   dx, dγ, dβ from g as in batch_norm.h
#pragma once

#include "tensor/ops/batch_norm.h"
#include "tensor/ops/rectified.h"

namespace cg {

/// Inputs: x, γ, β, running mean, running variance, residual (of x's shape). Output: y.
struct BatchNormAddRelu {
  NormAttributes norm;

  static constexpr std::string_view name = "batch_norm_add_relu";
  static constexpr const char* input_names[] = {"x", "γ", "β", "running mean", "running variance", "residual"};
  static constexpr const char* saved_names[] = {"μ", "r"};

  Plan plan(std::span<const Spec> in) const {
    std::vector<Spec> saved = plan_norm(name, norm, in);
    require_spec(name, "residual", in[5], in[0], " like the input");
    return {
        .outputs = {in[0]}, .saved = std::move(saved), .saved_inputs = 0b111, .saved_outputs = 0b1, .in_place = 0b1};
  }
};

namespace reference {

template <class T>
void forward(const BatchNormAddRelu& op, Call& call) {
  norm_statistics<T>(op.norm, call);
  const Normalised<T> bn(call);
  const auto residual = call.in[5].data<T>(), y = call.out[0].data<T>();
#pragma omp parallel for
  for (std::size_t k = 0; k < y.size(); ++k) {
    const Param<T> sum = bn.value(k) + static_cast<Param<T>>(residual[k]);
    y[k] = static_cast<T>(rectified(sum));
  }
}

template <class T>
void backward(const BatchNormAddRelu& op, Call& call) {
  const auto y = call.out[0].data<T>(), dy = call.grad_out[0].data<T>();
  const auto masked = [&](std::size_t k) { return passed(y[k], dy[k]); };
  norm_backward<T>(op.norm, call, masked);
  if (!call.grad_in[5]) return;
  const auto d_residual = call.grad_in[5].data<T>();
  for (std::size_t k = 0; k < y.size(); ++k) d_residual[k] = masked(k);
}

}  // namespace reference
}  // namespace cg
