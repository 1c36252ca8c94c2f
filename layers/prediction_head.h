// SPDX-License-Identifier: Apache-2.0
// NNCLR's predictor: linear, batch norm, ReLU, linear, rows of unit length (Dwibedi et al., ICCV 2021). It is trained
// with the network. Only the loss uses it, so model files do not contain it.
#pragma once

#include "layers/batch_norm.h"
#include "layers/projection_head.h"

namespace cg {

class PredictionHead : public Module {
 public:
  explicit PredictionHead(Index embedding, Index hidden = 512)
      : first_(child<LinearLayer>("0", embedding, hidden)),
        norm_(child<BatchNormalisation>("1", hidden)),
        second_(child<LinearLayer>("3", hidden, embedding)) {}

  /// Embeddings z [n, embedding] → predictions p of the same shape, ‖p‖ = 1
  Variable forward(Context& ctx, const Variable& z) {
    const auto scope = ctx.scope("predictor");
    const Variable x = second_.forward(ctx, norm_.forward_relu(ctx, first_.forward(ctx, z)));
    const auto normalise = ctx.scope("normalise");
    return ctx.apply(L2Normalise{}, {x});
  }

 private:
  LinearLayer& first_;
  BatchNormalisation& norm_;
  LinearLayer& second_;
};

}  // namespace cg
