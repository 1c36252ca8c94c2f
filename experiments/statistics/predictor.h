// SPDX-License-Identifier: Apache-2.0
// Age from frozen features (paper section 4.3, Fig. 4b): the one interface of all predictors, whose list is
// all_predictors.h. Every predictor chooses its penalty in the same way: on the same folds inside the training part, by
// the mean R². A fitted predictor is numbers alone, so that a model file can hold it. Read next: inner_folds.h,
// tensor/own_options.h.
#pragma once

#include <concepts>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "experiments/statistics/inner_folds.h"
#include "tensor/own_options.h"

namespace cg {

/// The options that several predictors read. A predictor reads those it needs.
struct SharedPredictorOptions {
  std::optional<double> penalty = {};  ///< no value: the best of the predictor's own on the inner folds
  InnerFolds inner_folds = InnerFolds::stratified;
  std::uint64_t seed = 0;  ///< of the folds, and of the initial weights of l1, huber and dex; a run's own, and no key
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
  double penalty = std::numeric_limits<double>::quiet_NaN();  ///< that it was fitted with

  Index features() const { return static_cast<Index>(weights.size() / bias.size()); }
  /// Ages [n], years. Errors: data, if the number of columns is not the one fitted on.
  std::vector<double> predict(const FeatureRows& rows) const;
  /// d age / dx of one row of features [p], in years per unit.
  std::vector<double> gradient(std::span<const double> x) const;
};

/// A way to fit a predictor: its name, its options, the penalties that it chooses from in ascending order, and `fit` on
/// features [n, p] and ages [n] with each of some penalties.
template <class P>
concept PredictorType = requires(P predictor, const FeatureRows& features, std::span<const double> ages,
                                 std::span<const double> penalties) {
  { P::name } -> std::convertible_to<std::string>;
  { P::penalties } -> std::convertible_to<std::span<const double>>;
  { P::Options::fields() } -> std::same_as<Fields<typename P::Options>>;
  { predictor.own } -> std::same_as<typename P::Options&>;
  { predictor.fit(features, ages, penalties) } -> std::same_as<std::vector<AgePredictor>>;
  P{predictor.shared, predictor.own};
};

/// The choice of a penalty: the best mean R² over the inner folds; the smaller penalty on a tie.
struct PenaltySearch {
  std::vector<double> penalties, mean_r2;
  double best = 0;
  AgePredictor predictor;  ///< fitted on all rows with the best penalty
};

/// Searches the penalty of the predictor that the options name. Errors: as fit_predictor.
PenaltySearch search_penalty(const PredictorOptions& options, const FeatureRows& features,
                             std::span<const double> ages);

/// Fits the predictor that the options name, with the penalty that they name, or the best one. Errors: data, if the
/// sizes disagree or n < 10; numbers, if a value is not finite; usage, for an unknown name.
AgePredictor fit_predictor(const PredictorOptions& options, const FeatureRows& features, std::span<const double> ages);

/// Ages [n] predicted for each subject by a predictor that was fitted without it, over the inner folds, with the
/// penalty of `fitted`. Where fewer than 10 subjects would be left to fit on: the predictions of `fitted`.
std::vector<double> predict_left_out(const PredictorOptions& options, const AgePredictor& fitted,
                                     const FeatureRows& features, std::span<const double> ages);

/// A sentence if the chosen penalty is the smallest or the largest that was tried, so that a better one may lie beyond;
/// otherwise "".
std::string penalty_warning(const PredictorOptions& options, const AgePredictor& fitted);

/// The names of all predictors.
std::vector<std::string> predictor_names();

/// The options of all predictors: keys, what is accepted, a sentence for the manual.
Fields<PredictorOptions> predictor_fields();

}  // namespace cg
