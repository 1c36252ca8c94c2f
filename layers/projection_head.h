// SPDX-License-Identifier: Apache-2.0
// The projection head: linear, ReLU, linear, rows of unit length. Its output goes to the loss.
#pragma once

#include "layers/init.h"
#include "layers/module.h"
#include "tensor/ops/l2_normalise.h"
#include "tensor/ops/linear.h"
#include "tensor/ops/relu.h"

namespace cg {

class LinearLayer : public Module {
 public:
  LinearLayer(Index inputs, Index outputs)
      : weight_(parameter("weight", {outputs, inputs}, init::uniform_fan_in(inputs))),
        bias_(parameter("bias", {outputs}, init::uniform_fan_in(inputs))) {}
  /// x [n, inputs] → [n, outputs]
  Variable forward(Context& ctx, const Variable& x) {
    const auto scope = ctx.scope(name());
    return ctx.apply(Linear{}, {x, weight_.variable, bias_.variable});
  }

 private:
  Parameter &weight_, &bias_;
};

class ProjectionHead : public Module {
 public:
  ProjectionHead(Index inputs, Index outputs)
      : first_(child<LinearLayer>("0", inputs, inputs)), second_(child<LinearLayer>("2", inputs, outputs)) {}

  /// Features [n, inputs] → embeddings z [n, outputs], ‖z‖ = 1
  Variable forward(Context& ctx, const Variable& features) {
    const auto scope = ctx.scope(name());
    Variable x = first_.forward(ctx, features);
    {
      const auto relu = ctx.scope("1");
      x = ctx.apply(Relu{}, {x});
    }
    x = second_.forward(ctx, x);
    const auto normalise = ctx.scope("normalise");
    return ctx.apply(L2Normalise{}, {x});
  }

 private:
  LinearLayer &first_, &second_;
};

}  // namespace cg
