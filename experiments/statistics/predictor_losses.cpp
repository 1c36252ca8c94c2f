// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/predictor_losses.h"

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

/// Appends softmax(l) to `out`; returns log Σ e^l.
double append_softmax(std::span<const double> logits, std::vector<double>& out) {
  const double most = *std::max_element(logits.begin(), logits.end());  // e^0 is then the largest term
  const std::size_t start = out.size();
  double sum = 0;
  for (const double l : logits) {
    out.push_back(std::exp(l - most));
    sum += out.back();
  }
  for (std::size_t k = start; k < out.size(); ++k) out[k] /= sum;
  return most + std::log(sum);
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
  std::vector<double> out;
  append_softmax(logits, out);
  return out;
}

LossAndGradient cross_entropy(std::span<const double> logits, std::span<const Index> truth, Index classes) {
  assert(!truth.empty() && logits.size() == truth.size() * static_cast<std::size_t>(classes));
  const auto n = static_cast<double>(truth.size());
  LossAndGradient out;
  out.gradient.reserve(logits.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const auto row = logits.subspan(i * static_cast<std::size_t>(classes), static_cast<std::size_t>(classes));
    const auto c = static_cast<std::size_t>(truth[i]);
    out.value += (append_softmax(row, out.gradient) - row[c]) / n;
    out.gradient[i * row.size() + c] -= 1;
  }
  for (double& g : out.gradient) g /= n;
  return out;
}

}  // namespace cg
