// SPDX-License-Identifier: Apache-2.0
// The network that is trained: encoder and, unless it is left out, projection head, with the names of the published
// checkpoints.
#pragma once

#include <string>

#include "autograd/memory_plan.h"
#include "layers/projection_head.h"
#include "layers/resnet3d.h"
#include "tensor/fields.h"

namespace cg {

struct ModelOptions {
  Index channels = 1;      ///< of a volume
  Index width = 64;        ///< channels of the stem; the features are 8 times as wide
  bool projection = true;  ///< has a projection head; without it the loss gets the encoder's features
  Index embedding = 128;   ///< of the projection head's output
  /// Less memory for more time, with the same bits: not a field of [model], as it does not change what is trained.
  Recompute recompute = Recompute::none;

  Index feature_width() const { return 8 * width; }
  /// Width of the rows that the loss gets.
  Index embedding_width() const { return projection ? embedding : feature_width(); }
};
/// The fields of [model] in a configuration.
Fields<ModelOptions> model_fields();

class Model : public Module {
 public:
  explicit Model(const ModelOptions& options);

  struct Result {
    Variable features;    ///< [n, 8 · width], before the projection
    Variable embeddings;  ///< [n, embedding width], rows of unit length
  };
  /// Volumes [n, D, H, W, channels] in float32 or double; activations are computed in type `activations`.
  Result forward(Context& ctx, const Variable& volumes, DType activations);

  const ModelOptions& options() const { return options_; }

 private:
  ModelOptions options_;
  ResNet3d& encoder_;
  ProjectionHead* head_;  // null: the embeddings are the features, normalised to unit length
};

std::string grouped(Index number);  ///< "33,488,320"

/// One line of the summary: a layer that computes.
struct LayerSummary {
  std::string scope, op;
  Shape output;
  Index parameters = 0;
  Index multiply_adds = 0;  ///< of convolutions and linear layers, forward, whole batch
  Index output_bytes = 0;
};

/// One summary per op of a forward pass recorded on a meta tape.
std::vector<LayerSummary> layer_summaries(const Tape& tape);

/// The summary as a table in text, with totals.
std::string to_string(const std::vector<LayerSummary>& layers);

}  // namespace cg
