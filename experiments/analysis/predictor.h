// Age from frozen features (paper section 4.3, Fig. 4b): the one interface of all predictors. Read next: ridge.h (the
// paper's choice, its "MSE"), trained_predictor.h (the others).
#pragma once

#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "experiments/analysis/feature_rows.h"

namespace cg {

enum class PredictorKind {
  ridge,  ///< squared error, its penalty by cross-validation
  l1,     ///< absolute error
  huber,  ///< squared error near 0, absolute beyond
  dex,    ///< probabilities of whole years, and their expectation (Rothe, Timofte & Van Gool 2015)
};

struct PredictorOptions {
  PredictorKind kind = PredictorKind::ridge;
  double huber_delta = 1;  ///< years; PyTorch's default
  double penalty = 0.01;   ///< of l1, huber and dex: half of it times the squared weights is added to their loss
  std::uint64_t seed = 0;  ///< of the initial weights of l1, huber and dex
};

class AgePredictor {
 public:
  virtual ~AgePredictor() = default;
  /// Ages [n], years. Errors: data, if the number of columns is not the one fitted on.
  virtual std::vector<double> predict(const FeatureRows& features) const = 0;
  /// The penalty that ridge regression chose; NaN for others.
  virtual double alpha() const { return std::numeric_limits<double>::quiet_NaN(); }
};

/// Fits on features [n, p] and ages [n]. Errors: data, if the sizes disagree or n < 10; numbers, if a value is not
/// finite.
std::unique_ptr<AgePredictor> fit_predictor(const PredictorOptions& options, const FeatureRows& features,
                                            std::span<const double> ages);

}  // namespace cg
