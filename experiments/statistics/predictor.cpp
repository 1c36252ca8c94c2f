#include "experiments/statistics/predictor.h"

#include "experiments/statistics/predictor_losses.h"
#include "experiments/statistics/ridge.h"
#include "experiments/statistics/trained_predictor.h"

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
  if (options.kind != PredictorKind::ridge) return fit_trained(options, features, ages);
  RidgeModel model = search_ridge(features, ages).model;
  return {.weights = std::move(model.weights), .bias = {model.intercept}, .alpha = model.alpha};
}

}  // namespace cg
