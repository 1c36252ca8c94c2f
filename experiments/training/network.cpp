// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/network.h"

namespace cg {

Network::Network(const LearnerOptions& options) : activations_(options.activations), model_(options.model) {
  if (options.queue_size > 0) predictor_.emplace(options.model.embedding_width());
}

Network::Outputs Network::forward(Context& ctx, const Variable& volumes) {
  const Model::Result out = model_.forward(ctx, volumes, activations_);
  const bool predicts = predictor_ && ctx.training;
  return {out.features, out.embeddings, predicts ? predictor_->forward(ctx, out.embeddings) : out.embeddings};
}

std::vector<Parameter*> Network::parameters() {
  std::vector<Parameter*> all = model_.parameters();
  if (!predictor_) return all;
  for (Parameter* parameter : predictor_->parameters("predictor.")) all.push_back(parameter);
  return all;
}

}  // namespace cg
