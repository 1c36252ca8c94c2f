// SPDX-License-Identifier: Apache-2.0
// The end of the stem, without ever storing the normalised volume, which is the largest of the network.
// Forward: y = max_pool3d(max(0, batch_norm(x)))
// Backward:
//   g[q] = Σ of dy over the windows that q won, but 0 where batch_norm(x[q]) ≤ 0
//   dx, dγ, dβ from g as in batch_norm.h
#pragma once

#include "tensor/ops/batch_norm.h"
#include "tensor/ops/max_pool3d.h"
#include "tensor/ops/rectified.h"

namespace cg {

/// Inputs: x, γ, β, running mean, running variance. Output: y [n, D', H', W', C]. Saved: mean, 1/√(v + ε), winners.
struct BatchNormReluMaxPool {
  NormAttributes norm;
  MaxPool3d pool;

  static constexpr std::string_view name = "batch_norm_relu_max_pool";
  static constexpr const char* input_names[] = {"x", "γ", "β", "running mean", "running variance"};
  static constexpr const char* saved_names[] = {"μ", "r", "winners"};

  Plan plan(std::span<const Spec> in) const {
    std::vector<Spec> saved = plan_norm(name, norm, in);
    const Shape out = plan_pool(name, pool.window(), in[0]);
    saved.push_back({out, DType::u8});
    return {.outputs = {{out, in[0].dtype}}, .saved = std::move(saved), .saved_inputs = 0b111, .in_place = 0b1};
  }
};

namespace reference {

template <class T>
void forward(const BatchNormReluMaxPool& op, Call& call) {
  norm_statistics<T>(op.norm, call);
  const Normalised<T> bn(call);
  pool_forward<T>(VolumeShape(call.in[0].shape()), op.pool.window(), call.out[0], call.saved[2],
                  [&](std::size_t k) { return rectified(bn.value(k)); });
}

template <class T>
void backward(const BatchNormReluMaxPool& op, Call& call) {
  const Normalised<T> bn(call);
  const auto g = pool_backward<T>(VolumeShape(call.in[0].shape()), op.pool.window(), call.grad_out[0], call.saved[2]);
  norm_backward<T>(op.norm, call, [&](std::size_t k) { return passed(bn.value(k), g[k]); });
}

}  // namespace reference
}  // namespace cg
