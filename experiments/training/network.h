// SPDX-License-Identifier: Apache-2.0
// Everything that is trained: the model and, for a loss with a queue, NNCLR's prediction head after it. Read next:
// layers/model.h.
#pragma once

#include <optional>
#include <vector>

#include "experiments/training/learner_options.h"
#include "layers/prediction_head.h"

namespace cg {

class Network {
 public:
  explicit Network(const LearnerOptions& options);

  struct Outputs {
    Variable features, embeddings;
    Variable
        loss_input;  ///< the loss is differentiated with respect to these: the embeddings, or predictions from them
  };
  /// Volumes as LearnerOptions::batch_spec gives them.
  Outputs forward(Context& ctx, const Variable& volumes);

  /// The model's parameters, then those of the prediction head.
  std::vector<Parameter*> parameters();
  Model& model() { return model_; }

 private:
  DType activations_;
  Model model_;
  std::optional<PredictionHead> predictor_;
};

}  // namespace cg
