// SPDX-License-Identifier: Apache-2.0
// Batch normalisation over all positions of a channel (Ioffe & Szegedy 2015): m = n·D·H·W values per channel of a
// volume [n, D, H, W, C], m = n of rows [n, C]. In evaluation μ and v are the running statistics.
// Forward:
//   μ = mean x;   v = mean (x − μ)²;   r = 1/√(v + ε);   y = γ (x − μ) r + β
//   running = (1 − momentum) running + momentum · (μ, or v · k/(k − 1) with k = equal_views · m)
// Backward:
//   x̂ = (x − μ) r;   dβ = Σ dy;   dγ = Σ dy x̂
//   dx = γ r (dy − dβ/m − x̂ dγ/m) in training, γ r dy in evaluation
// This header also holds what the fused ops (batch_norm_relu.h, …) share with it.
#pragma once

#include <cmath>

#include "tensor/op.h"
#include "tensor/ops/require.h"

namespace cg {

/// The attributes of batch normalisation, also when fused with what follows it.
struct NormAttributes {
  double epsilon = 1e-5;
  double momentum = 0.1;
  Index equal_views = 1;  ///< equal views that each sample represents; only the unbiased running variance depends on it
  bool training = true;
};

/// Checks x [n, …, C], γ, β, running mean, running variance [C]; returns the specs of the saved mean and 1/√(v + ε).
/// Errors (usage): wrong shapes; one value per channel in training, where the variance has no meaning.
inline std::vector<Spec> plan_norm(std::string_view op, const NormAttributes& norm, std::span<const Spec> in) {
  require_channels(op, "input", in[0]);
  const Shape channels = {in[0].shape.back()};
  constexpr const char* names[] = {"input", "weight", "bias", "running mean", "running variance"};
  for (std::size_t j = 1; j < 5; ++j) require_parameter(op, names[j], in[j], channels, in[0].dtype);
  if (norm.training && norm.equal_views * in[0].count() / channels[0] < 2)
    refuse(op, {"one value per channel in training, expected at least 2, from which a variance is computed"},
           "Use a larger batch or larger volumes.");
  const Spec statistic{channels, parameter_type(in[0].dtype)};
  return {statistic, statistic};
}

/// Inputs: x, γ, β, running mean, running variance (both written in training). Output: y, of x's shape.
struct BatchNorm {
  NormAttributes norm;

  static constexpr std::string_view name = "batch_norm";
  static constexpr const char* input_names[] = {"x", "γ", "β", "running mean", "running variance"};
  static constexpr const char* saved_names[] = {"μ", "r"};

  Plan plan(std::span<const Spec> in) const {
    return {.outputs = {in[0]},
            .saved = plan_norm(name, norm, in),
            .saved_inputs = 0b111,
            .recomputable = 0b1,
            .in_place = 0b1};
  }
};

namespace reference {

/// What a normalisation reads, element by element: y(k, c) = γ (x − μ) r + β.
template <class T>
struct Normalised {
  std::span<T> x;
  std::span<Param<T>> gamma, beta, mean, inverse_sd;
  std::size_t channels;

  explicit Normalised(const Call& call)
      : x(call.in[0].data<T>()),
        gamma(call.in[1].data<Param<T>>()),
        beta(call.in[2].data<Param<T>>()),
        mean(call.saved[0].data<Param<T>>()),
        inverse_sd(call.saved[1].data<Param<T>>()),
        channels(gamma.size()) {}
  Param<T> hat(std::size_t k) const {
    const std::size_t c = k % channels;
    return (static_cast<Param<T>>(x[k]) - mean[c]) * inverse_sd[c];
  }
  Param<T> value(std::size_t k) const { return gamma[k % channels] * hat(k) + beta[k % channels]; }
};

/// Writes the saved statistics; in training from x, and the running ones with them.
template <class T>
void norm_statistics(const NormAttributes& norm, Call& call) {
  const auto x = call.in[0].data<T>();
  const auto running_mean = call.in[3].data<Param<T>>(), running_variance = call.in[4].data<Param<T>>();
  const auto mean = call.saved[0].data<Param<T>>(), inverse_sd = call.saved[1].data<Param<T>>();
  const std::size_t channels = mean.size();
  const auto m = static_cast<double>(x.size() / channels);
#pragma omp parallel for
  for (std::size_t c = 0; c < channels; ++c) {
    double mu = static_cast<double>(running_mean[c]), variance = static_cast<double>(running_variance[c]);
    if (norm.training) {
      mu = variance = 0;
      for (std::size_t k = c; k < x.size(); k += channels) mu += static_cast<double>(x[k]) / m;
      for (std::size_t k = c; k < x.size(); k += channels) variance += std::pow(static_cast<double>(x[k]) - mu, 2) / m;
      const double all = static_cast<double>(norm.equal_views) * m, unbiased = variance * all / (all - 1);
      running_mean[c] =
          static_cast<Param<T>>((1 - norm.momentum) * static_cast<double>(running_mean[c]) + norm.momentum * mu);
      running_variance[c] = static_cast<Param<T>>((1 - norm.momentum) * static_cast<double>(running_variance[c]) +
                                                  norm.momentum * unbiased);
    }
    mean[c] = static_cast<Param<T>>(mu);
    inverse_sd[c] = static_cast<Param<T>>(1 / std::sqrt(variance + norm.epsilon));
  }
}

/// dx, dγ, dβ for the gradient `g(k)` of the normalised value k.
template <class T, class Gradient>
void norm_backward(const NormAttributes& norm, Call& call, const Gradient& g) {
  const Normalised<T> bn(call);
  const auto m = static_cast<double>(bn.x.size() / bn.channels);
#pragma omp parallel for
  for (std::size_t c = 0; c < bn.channels; ++c) {
    double sum = 0, sum_hat = 0;
    for (std::size_t k = c; k < bn.x.size(); k += bn.channels) {
      sum += static_cast<double>(g(k));
      sum_hat += static_cast<double>(g(k)) * static_cast<double>(bn.hat(k));
    }
    if (call.grad_in[1]) call.grad_in[1].data<Param<T>>()[c] = static_cast<Param<T>>(sum_hat);
    if (call.grad_in[2]) call.grad_in[2].data<Param<T>>()[c] = static_cast<Param<T>>(sum);
    if (!call.grad_in[0]) continue;
    const auto dx = call.grad_in[0].data<T>();
    const double scale = static_cast<double>(bn.gamma[c]) * static_cast<double>(bn.inverse_sd[c]);
    for (std::size_t k = c; k < bn.x.size(); k += bn.channels) {
      const double through_statistics = norm.training ? (sum + static_cast<double>(bn.hat(k)) * sum_hat) / m : 0;
      dx[k] = static_cast<T>(scale * (static_cast<double>(g(k)) - through_statistics));
    }
  }
}

template <class T>
void recompute(const BatchNorm&, Call& call) {
  const Normalised<T> bn(call);
  const auto y = call.out[0].data<T>();
#pragma omp parallel for
  for (std::size_t k = 0; k < y.size(); ++k) y[k] = static_cast<T>(bn.value(k));
}

template <class T>
void forward(const BatchNorm& op, Call& call) {
  norm_statistics<T>(op.norm, call);
  recompute<T>(op, call);
}

template <class T>
void backward(const BatchNorm& op, Call& call) {
  const auto dy = call.grad_out[0].data<T>();
  norm_backward<T>(op.norm, call, [&](std::size_t k) { return dy[k]; });
}

}  // namespace reference
}  // namespace cg
