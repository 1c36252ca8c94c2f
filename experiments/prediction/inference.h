// SPDX-License-Identifier: Apache-2.0
// Applies a trained network: features of volumes, predicted ages, and their gradient, without the parts for training.
// Read next: trained_model.h (where weights and predictor come from).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "experiments/record/trained_model.h"
#include "experiments/training/learner.h"

namespace cg {

class Inference {
 public:
  /// Errors: memory.
  Inference(Backend& backend, const TrainedModel& model);

  /// Volumes [n, D, H, W, 1], normalised, float32 on the host.
  Encoded encode(const Tensor& volumes);
  /// Ages [n] by the features, years.
  std::vector<double> ages(const Encoded& encoded) const;
  std::vector<double> ages(const Tensor& volumes) { return ages(encode(volumes)); }
  /// The age of one volume [1, D, H, W, 1]. Errors: numbers, naming `source`, if a feature or the age is not finite.
  double age(const Tensor& volume, const std::string& source);

  struct Slope {
    double age = 0;               ///< predicted, years
    std::vector<float> gradient;  ///< d age / d voxel, [D, H, W]: years per unit of the normalised volume
  };
  /// Differentiates the predicted age of one volume [1, D, H, W, 1] with respect to its voxels.
  Slope differentiate(const Tensor& volume);

  /// Discards what was learnt: new random weights, and initial statistics. The predictor does not change.
  void randomise(std::uint64_t seed) { store_.initialise(seed); }

 private:
  const std::vector<double>& seen(const Encoded& encoded) const;

  Backend& backend_;
  const Prediction& prediction_;
  Model model_;
  ParameterStore store_;
};

}  // namespace cg
