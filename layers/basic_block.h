// SPDX-License-Identifier: Apache-2.0
// The residual block of ResNet-18 (He et al. 2016): two 3³ convolutions, each with batch norm, and a shortcut.
//   y = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)),   shortcut: x, or bn(1³ convolution) where the shape
//   changes
#pragma once

#include "layers/batch_norm.h"
#include "layers/conv.h"

namespace cg {

/// The shortcut's convolution and batch norm: names "0" and "1", as in the published checkpoints.
class Downsample : public Module {
 public:
  Downsample(Index inputs, Index outputs, Index stride)
      : convolution_(child<Convolution>("0", Convolution::Attributes{inputs, outputs, 1, stride, 0})),
        norm_(child<BatchNormalisation>("1", outputs)) {}
  Variable forward(Context& ctx, const Variable& x) {
    const auto scope = ctx.scope(name());
    return norm_.forward(ctx, convolution_.forward(ctx, x));
  }

 private:
  Convolution& convolution_;
  BatchNormalisation& norm_;
};

class BasicBlock : public Module {
 public:
  /// `recomputed`: the outputs of conv1 and conv2 are not kept for the backward pass (Conv3d).
  BasicBlock(Index inputs, Index outputs, Index stride, bool recomputed = false)
      : conv1_(child<Convolution>("conv1", Convolution::Attributes{inputs, outputs, 3, stride, 1, recomputed})),
        bn1_(child<BatchNormalisation>("bn1", outputs)),
        conv2_(child<Convolution>("conv2", Convolution::Attributes{outputs, outputs, 3, 1, 1, recomputed})),
        bn2_(child<BatchNormalisation>("bn2", outputs)),
        downsample_(stride != 1 || inputs != outputs ? &child<Downsample>("downsample", inputs, outputs, stride)
                                                     : nullptr) {}

  /// x [n, D, H, W, inputs] → [n, D/stride, H/stride, W/stride, outputs], extents rounded up
  Variable forward(Context& ctx, const Variable& x) {
    const auto scope = ctx.scope(name());
    const Variable shortcut = downsample_ ? downsample_->forward(ctx, x) : x;
    const Variable inner = bn1_.forward_relu(ctx, conv1_.forward(ctx, x));
    return bn2_.forward_add_relu(ctx, conv2_.forward(ctx, inner), shortcut);
  }

 private:
  Convolution& conv1_;
  BatchNormalisation& bn1_;
  Convolution& conv2_;
  BatchNormalisation& bn2_;
  Downsample* downsample_;
};

}  // namespace cg
