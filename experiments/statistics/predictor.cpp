// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/predictor.h"

#include <optional>

#include "experiments/statistics/all_predictors.h"
#include "experiments/statistics/predictor_losses.h"
#include "tensor/error.h"

namespace cg {
namespace {

std::vector<double> outputs(const AgePredictor& p, std::span<const double> x) {
  std::vector<double> out = p.bias;
  for (std::size_t o = 0; o < out.size(); ++o)
    for (std::size_t i = 0; i < x.size(); ++i) out[o] += p.weights[o * x.size() + i] * x[i];
  return out;
}

/// Σ_k p_k · k
double mean_of(std::span<const double> p) {
  double mean = 0;
  for (std::size_t k = 0; k < p.size(); ++k) mean += p[k] * static_cast<double>(k);
  return mean;
}

}  // namespace

std::vector<double> AgePredictor::predict(const FeatureRows& rows) const {
  check_columns("predictor", rows, features());
  std::vector<double> ages;
  const auto width = static_cast<std::size_t>(rows.columns);
  for (std::size_t at = 0; at < rows.values.size(); at += width) {
    const std::vector<double> out = outputs(*this, rows.values.subspan(at, width));
    ages.push_back(expectation ? first_year + mean_of(softmax(out)) : out[0]);
  }
  return ages;
}

std::vector<double> AgePredictor::gradient(std::span<const double> x) const {
  check_columns("predictor", {x, 1, static_cast<Index>(x.size())}, features());
  if (!expectation) return weights;
  const std::vector<double> p = softmax(outputs(*this, x));
  const double mean = mean_of(p);
  std::vector<double> out(x.size(), 0.0);  // d/do_k Σ_j p_j j = p_k (k − Σ_j p_j j)
  for (std::size_t k = 0; k < p.size(); ++k)
    for (std::size_t i = 0; i < x.size(); ++i)
      out[i] += p[k] * (static_cast<double>(k) - mean) * weights[k * x.size() + i];
  return out;
}

AgePredictor fit_predictor(const PredictorOptions& options, const FeatureRows& features, std::span<const double> ages) {
  std::optional<AgePredictor> fitted;
  AllPredictors::for_each([&]<PredictorType P>() {
    if (options.name == P::name) fitted = P{options.shared, options.own.of<P>()}.fit(features, ages);
  });
  if (fitted) return *std::move(fitted);
  std::string choices;
  for (const std::string& name : predictor_names()) choices += (choices.empty() ? "" : ", ") + name;
  fail(ErrorKind::usage, "evaluation.predictor", "there is no predictor \"" + options.name + "\"",
       "Choose one of " + choices);
}

std::vector<std::string> predictor_names() {
  std::vector<std::string> names;
  AllPredictors::for_each([&]<PredictorType P>() { names.push_back(P::name); });
  return names;
}

Fields<PredictorOptions> predictor_fields() {
  using O = PredictorOptions;
  using Shared = SharedPredictorOptions;
  Fields<O> out{
      field(
          "predictor", &O::name, one_of(predictor_names()),
          "The predictor of age from the features: ridge regression (as in the paper), or a linear layer trained with "
          "the absolute error, with Huber's loss, or as the expectation over whole years."),
  };
  AllPredictors::for_each([&]<PredictorType P>() {
    append(out, part_fields<O>(
                    "", [](auto& o) -> auto& { return o.own.template of<P>(); }, P::Options::fields()));
  });
  const Fields<Shared> shared{
      field(
          "penalty", &Shared::penalty, at_least(0),
          "l1, huber, dex: half of this factor times the squared weights (for features with mean 0 and SD 1) is added "
          "to the loss; ridge regression chooses its own penalty."),
  };
  append(out, part_fields<O>(
                  "", [](auto& o) -> auto& { return o.shared; }, shared));
  return out;
}

}  // namespace cg
