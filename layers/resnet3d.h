// SPDX-License-Identifier: Apache-2.0
// The encoder: 3D ResNet-18. Stem (7³ convolution with stride 2, batch norm, ReLU, 3³ max-pool with stride 2), four
// stages of two basic blocks with 1, 2, 4, 8 times `width` channels, global average pool. Read next: basic_block.h,
// module.h.
#pragma once

#include <fmt/format.h>

#include "layers/basic_block.h"
#include "tensor/ops/global_average_pool.h"

namespace cg {

/// Which outputs of convolutions are computed again in the backward pass instead of being kept: the stem's, the largest
/// tensor of the network; or also those of layer1.
enum class Recompute { none, stem, layer1 };

class ResNet3d : public Module {
 public:
  ResNet3d(Index channels, Index width, Recompute recompute)
      : conv1_(child<Convolution>("conv1",
                                  Convolution::Attributes{channels, width, 7, 2, 3, recompute != Recompute::none})),
        bn1_(child<BatchNormalisation>("bn1", width)) {
    for (Index stage = 0; stage < 4; ++stage) {
      const Index before = width << (stage ? stage - 1 : 0), outputs = width << stage;
      const bool again = stage == 0 && recompute == Recompute::layer1;
      blocks_.push_back(
          &child<BasicBlock>(fmt::format("layer{}.0", stage + 1), before, outputs, Index{stage ? 2 : 1}, again));
      blocks_.push_back(&child<BasicBlock>(fmt::format("layer{}.1", stage + 1), outputs, outputs, Index{1}, again));
    }
  }

  /// Volumes [n, D, H, W, channels] → features [n, 8 · width], float32 or double
  Variable forward(Context& ctx, const Variable& volumes) {
    const auto scope = ctx.scope(name());
    Variable x = bn1_.forward_relu_max_pool(ctx, conv1_.forward(ctx, volumes));
    for (BasicBlock* block : blocks_) x = block->forward(ctx, x);
    const auto pool = ctx.scope("avgpool");
    return ctx.apply(GlobalAveragePool{}, {x});
  }

 private:
  Convolution& conv1_;
  BatchNormalisation& bn1_;
  std::vector<BasicBlock*> blocks_;  // two per stage; the first of stages 2 to 4 halves the volume
};

}  // namespace cg
