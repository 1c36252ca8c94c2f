// SPDX-License-Identifier: Apache-2.0
// A 3D convolution with its weight; no bias, as batch norm follows every convolution of the network.
#pragma once

#include "layers/init.h"
#include "layers/module.h"
#include "tensor/ops/conv3d.h"

namespace cg {

class Convolution : public Module {
 public:
  struct Attributes {
    Index inputs, outputs;
    Index kernel = 3, stride = 1, padding = 1;  ///< the same in all three dimensions
    bool recomputed = false;                    ///< the output is not kept for the backward pass (Conv3d)
  };
  explicit Convolution(const Attributes& a)
      : op_{.stride = {a.stride, a.stride, a.stride},
            .padding = {a.padding, a.padding, a.padding},
            .recomputed = a.recomputed},
        weight_(declare({a.outputs, a.kernel, a.kernel, a.kernel, a.inputs})) {}

  /// x [n, D, H, W, inputs] → [n, D', H', W', outputs]
  Variable forward(Context& ctx, const Variable& x) {
    const auto scope = ctx.scope(name());
    return ctx.apply(op_, {x, weight_.variable});
  }

 private:
  Parameter& declare(const Shape& shape) { return parameter("weight", shape, init::kaiming_fan_out(shape)); }
  Conv3d op_;
  Parameter& weight_;
};

}  // namespace cg
