#include "experiments/analysis/predictor_losses.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace cg {
namespace {

/// The mean over i of value(r_i) and the gradients slope(r_i) / n of residuals r = predicted − age.
template <class Value, class Slope>
LossAndGradient mean_of(std::span<const double> predicted, std::span<const double> ages, const Value& value,
                        const Slope& slope) {
  assert(!ages.empty() && predicted.size() == ages.size());
  const auto n = static_cast<double>(ages.size());
  LossAndGradient out;
  for (std::size_t i = 0; i < ages.size(); ++i) {
    const double r = predicted[i] - ages[i];
    out.value += value(r) / n;
    out.gradient.push_back(slope(r) / n);
  }
  return out;
}

}  // namespace

LossAndGradient l1_loss(std::span<const double> predicted, std::span<const double> ages) {
  return mean_of(
      predicted, ages, [](double r) { return std::abs(r); }, [](double r) { return r > 0   ? 1.0
                                                                                   : r < 0 ? -1.0
                                                                                           : 0.0; });
}

LossAndGradient huber_loss(std::span<const double> predicted, std::span<const double> ages, double delta) {
  return mean_of(
      predicted, ages,
      [delta](double r) { return std::abs(r) <= delta ? r * r / 2 : delta * (std::abs(r) - delta / 2); },
      [delta](double r) { return std::clamp(r, -delta, delta); });
}

std::vector<double> softmax(std::span<const double> logits) {
  const double most = *std::max_element(logits.begin(), logits.end());  // e^0 is then the largest term
  std::vector<double> out;
  double sum = 0;
  for (const double l : logits) {
    out.push_back(std::exp(l - most));
    sum += out.back();
  }
  for (double& p : out) p /= sum;
  return out;
}

LossAndGradient cross_entropy(std::span<const double> logits, std::span<const Index> truth, Index classes) {
  assert(!truth.empty() && logits.size() == truth.size() * static_cast<std::size_t>(classes));
  const auto n = static_cast<double>(truth.size());
  LossAndGradient out;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const auto row = logits.subspan(i * static_cast<std::size_t>(classes), static_cast<std::size_t>(classes));
    const double most = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const double l : row) sum += std::exp(l - most);
    out.value += (most + std::log(sum) - row[static_cast<std::size_t>(truth[i])]) / n;
    for (const double p : softmax(row)) out.gradient.push_back(p / n);
    out.gradient[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(truth[i])] -= 1 / n;
  }
  return out;
}

}  // namespace cg
