// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/predictor.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "experiments/statistics/all_predictors.h"
#include "experiments/statistics/metrics.h"
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

/// Calls body(P{…}) for the predictor P that the options name.
template <class Body>
void with_predictor(const PredictorOptions& options, const Body& body) {
  bool found = false;
  AllPredictors::for_each([&]<PredictorType P>() {
    if (options.name != P::name) return;
    body(P{options.shared, options.own.of<P>()});
    found = true;
  });
  if (found) return;
  std::string choices;
  for (const std::string& name : predictor_names()) choices += (choices.empty() ? "" : ", ") + name;
  fail(ErrorKind::usage, "evaluation.predictor", "there is no predictor \"" + options.name + "\"",
       "Choose one of " + choices);
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

PenaltySearch search_penalty(const PredictorOptions& options, const FeatureRows& features,
                             std::span<const double> ages) {
  check_features(options.name, features, ages, fewest_subjects);
  const FoldedRows rows = fold_rows(features, ages, options.shared.inner_folds, options.shared.seed);
  PenaltySearch out;
  with_predictor(options, [&]<PredictorType P>(const P& predictor) {
    out.penalties.assign(std::begin(P::penalties), std::end(P::penalties));
    out.mean_r2.assign(out.penalties.size(), 0.0);
    for (Index k = 0; k < inner_fold_count; ++k) {
      const SubjectRows fitted_on = rows.outside(k), left_out = rows.inside(k);
      const std::vector<AgePredictor> fitted = predictor.fit(fitted_on.rows(), fitted_on.ages, out.penalties);
      for (std::size_t a = 0; a < fitted.size(); ++a)
        out.mean_r2[a] += r_squared(left_out.ages, fitted[a].predict(left_out.rows())) / inner_fold_count;
    }
    out.best = out.penalties[static_cast<std::size_t>(std::ranges::max_element(out.mean_r2) - out.mean_r2.begin())];
    out.predictor = predictor.fit(rows.all.rows(), rows.all.ages, std::span(&out.best, 1)).at(0);
  });
  return out;
}

AgePredictor fit_predictor(const PredictorOptions& options, const FeatureRows& features, std::span<const double> ages) {
  if (!options.shared.penalty) return search_penalty(options, features, ages).predictor;
  check_features(options.name, features, ages, fewest_subjects);
  const SubjectRows rows = fold_rows(features, ages, options.shared.inner_folds, options.shared.seed).all;
  AgePredictor out;
  with_predictor(options, [&]<PredictorType P>(const P& predictor) {
    out = predictor.fit(rows.rows(), rows.ages, std::span(&*options.shared.penalty, 1)).at(0);
  });
  return out;
}

std::vector<double> predict_left_out(const PredictorOptions& options, const AgePredictor& fitted,
                                     const FeatureRows& features, std::span<const double> ages) {
  const Index largest_fold = (features.rows + inner_fold_count - 1) / inner_fold_count;
  if (features.rows - largest_fold < fewest_subjects) return fitted.predict(features);
  const FoldedRows rows = fold_rows(features, ages, options.shared.inner_folds, options.shared.seed);
  std::vector<double> out(ages.size());
  with_predictor(options, [&]<PredictorType P>(const P& predictor) {
    for (Index k = 0; k < inner_fold_count; ++k) {
      const SubjectRows others = rows.outside(k), left_out = rows.inside(k);
      const AgePredictor one = predictor.fit(others.rows(), others.ages, std::span(&fitted.penalty, 1)).at(0);
      const std::vector<double> predicted = one.predict(left_out.rows());
      std::size_t next = 0;
      for (std::size_t i = 0; i < rows.fold.size(); ++i)
        if (rows.fold[i] == k) out[static_cast<std::size_t>(rows.order[i])] = predicted[next++];
    }
  });
  return out;
}

std::string penalty_warning(const PredictorOptions& options, const AgePredictor& fitted) {
  std::string out;
  if (options.shared.penalty) return out;
  with_predictor(options, [&]<PredictorType P>(const P&) {
    const std::span<const double> tried = P::penalties;
    if (fitted.penalty == tried.front() || fitted.penalty == tried.back())
      out = fmt::format("{} chose the penalty {:g}, the {} that was tried; a better one may lie beyond it",
                        options.name, fitted.penalty, fitted.penalty == tried.front() ? "smallest" : "largest");
  });
  return out;
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
      field("penalty", &Shared::penalty, at_least(0), "search",
            "Factor of the squared weights in what the predictor minimises: alpha of ridge regression; l1, huber, dex: "
            "half of it, for features and ages of SD 1. search: the best of five on the inner folds."),
      field("inner_folds", &Shared::inner_folds, {"stratified", "contiguous"},
            "The five folds of the training part that choose the penalty and give the age bias: drawn at random with "
            "young and old subjects in each, or the subjects in the order of the file, as in the published code."),
  };
  append(out, part_fields<O>(
                  "", [](auto& o) -> auto& { return o.shared; }, shared));
  return out;
}

}  // namespace cg
