// Age from frozen features (paper section 4.3, Fig. 4b): the one interface of all predictors. A fitted one is numbers
// alone, so that a model file can hold it. Read next: ridge.h (the paper's choice, its "MSE"), trained_predictor.h (the
// others).
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "experiments/statistics/feature_rows.h"

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

/// o = W x + b of features x [p]; the age is o, or with several outputs, one a whole year from `first_year` on,
/// first_year + Σ_k softmax(o)_k · k.
struct AgePredictor {
  std::vector<double> weights;  ///< W [outputs, p]
  std::vector<double> bias;     ///< b [outputs]
  bool expectation = false;     ///< the outputs are logits of whole years
  double first_year = 0;
  double alpha = std::numeric_limits<double>::quiet_NaN();  ///< the penalty that ridge regression chose; else NaN

  Index features() const { return static_cast<Index>(weights.size() / bias.size()); }
  /// Ages [n], years. Errors: data, if the number of columns is not the one fitted on.
  std::vector<double> predict(const FeatureRows& rows) const;
  /// d age / dx of one row of features [p], years a unit.
  std::vector<double> gradient(std::span<const double> x) const;
};

/// Fits on features [n, p] and ages [n]. Errors: data, if the sizes disagree or n < 10; numbers, if a value is not
/// finite.
AgePredictor fit_predictor(const PredictorOptions& options, const FeatureRows& features, std::span<const double> ages);

}  // namespace cg
