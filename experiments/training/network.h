// All that is trained: the model and, for a loss with a queue, NNCLR's predictor behind it. Read next: layers/model.h.
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
    Variable loss_input;  ///< what the loss is differentiated by: the embeddings, or predictions made from them
  };
  /// Volumes as LearnerOptions::batch_spec gives them.
  Outputs forward(Context& ctx, const Variable& volumes);

  /// The model's, and behind them the predictor's.
  std::vector<Parameter*> parameters();
  Model& model() { return model_; }

 private:
  DType activations_;
  Model model_;
  std::optional<PredictionHead> predictor_;
};

}  // namespace cg
