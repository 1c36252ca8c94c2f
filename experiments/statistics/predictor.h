// SPDX-License-Identifier: Apache-2.0
// Age from frozen features (paper section 4.3, Fig. 4b): the one interface of all predictors, whose list is
// all_predictors.h. A fitted predictor is numbers alone, so that a model file can hold it. Read next: feature_rows.h,
// tensor/own_options.h.
#pragma once

#include <concepts>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "experiments/statistics/feature_rows.h"
#include "tensor/own_options.h"

namespace cg {

/// The options that several predictors read. A predictor reads those it needs.
struct SharedPredictorOptions {
  double penalty = 0.01;   ///< of l1, huber and dex: half of it times the squared weights is added to their loss
  std::uint64_t seed = 0;  ///< of the initial weights of l1, huber and dex; a run's own, and no key
};

/// The options of a configuration's [evaluation] that belong to predictors: which one, and the options of all.
struct PredictorOptions {
  std::string name = "ridge";
  SharedPredictorOptions shared = {};
  OwnOptions own = {};  ///< own.of<HuberPredictor>().huber_delta
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
  /// d age / dx of one row of features [p], in years per unit.
  std::vector<double> gradient(std::span<const double> x) const;
};

/// A way to fit a predictor: its name, its options, and `fit` on features [n, p] and ages [n].
template <class P>
concept PredictorType = requires(P predictor, const FeatureRows& features, std::span<const double> ages) {
  { P::name } -> std::convertible_to<std::string>;
  { P::Options::fields() } -> std::same_as<Fields<typename P::Options>>;
  { predictor.own } -> std::same_as<typename P::Options&>;
  { predictor.fit(features, ages) } -> std::same_as<AgePredictor>;
  P{predictor.shared, predictor.own};
};

/// Fits the predictor that the options name. Errors: data, if the sizes disagree or n < 10; numbers, if a value is not
/// finite; usage, for an unknown name.
AgePredictor fit_predictor(const PredictorOptions& options, const FeatureRows& features, std::span<const double> ages);

/// The names of all predictors.
std::vector<std::string> predictor_names();

/// The options of all predictors: keys, what is accepted, a sentence for the manual.
Fields<PredictorOptions> predictor_fields();

}  // namespace cg
