// SPDX-License-Identifier: Apache-2.0
// Batch normalisation with its scale, shift and running statistics, alone or fused with what follows it.
#pragma once

#include "layers/init.h"
#include "layers/module.h"
#include "tensor/ops/batch_norm.h"
#include "tensor/ops/batch_norm_add_relu.h"
#include "tensor/ops/batch_norm_relu.h"
#include "tensor/ops/batch_norm_relu_max_pool.h"

namespace cg {

class BatchNormalisation : public Module {
 public:
  explicit BatchNormalisation(Index channels)
      : weight_(parameter("weight", {channels}, init::ones())),
        bias_(parameter("bias", {channels}, init::zeros())),
        mean_(statistic("running_mean", {channels}, init::zeros())),
        variance_(statistic("running_var", {channels}, init::ones())) {}

  /// x, y [n, …, channels]: volumes or rows
  Variable forward(Context& ctx, const Variable& x) {
    const auto scope = ctx.scope(name());
    return ctx.apply(BatchNorm{attributes(ctx)}, inputs(x));
  }
  /// max(0, norm(x))
  Variable forward_relu(Context& ctx, const Variable& x) {
    const auto scope = ctx.scope(name());
    return ctx.apply(BatchNormRelu{attributes(ctx)}, inputs(x));
  }
  /// max(0, norm(x) + residual)
  Variable forward_add_relu(Context& ctx, const Variable& x, const Variable& residual) {
    const auto scope = ctx.scope(name());
    std::vector<Variable> all = inputs(x);
    all.push_back(residual);
    return ctx.apply(BatchNormAddRelu{attributes(ctx)}, std::move(all));
  }
  /// max_pool(max(0, norm(x))), 3³ with stride 2
  Variable forward_relu_max_pool(Context& ctx, const Variable& x) {
    const auto scope = ctx.scope(name());
    return ctx.apply(BatchNormReluMaxPool{attributes(ctx), {}}, inputs(x));
  }

 private:
  static NormAttributes attributes(const Context& ctx) {
    return {.equal_views = ctx.equal_views, .training = ctx.training};
  }
  std::vector<Variable> inputs(const Variable& x) const {
    return {x, weight_.variable, bias_.variable, mean_.variable, variance_.variable};
  }
  Parameter &weight_, &bias_, &mean_, &variance_;
};

}  // namespace cg
