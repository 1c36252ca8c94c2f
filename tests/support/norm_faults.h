// SPDX-License-Identifier: Apache-2.0
// Mistakes that can be made in every normalising op, in double; formulas in tensor/ops/batch_norm.h.
#pragma once

#include <algorithm>
#include <cmath>

#include "tensor/ops/batch_norm.h"
#include "tests/support/faults.h"

namespace cg::test {

/// What a mistake in dx can be made of, at one value of x.
struct NormTerm {
  double dx, hat, gamma, inverse_sd, d_gamma, d_beta, m;
  bool training;
};

/// dx of the right kernel, amended entry by entry.
template <Op O>
Fault amended_dx(const std::string& kind, const std::string& text, double (*amend)(const NormTerm&)) {
  return broken_backward<O>(kind, text, [amend](const O& op, Call& call) {
    Call all = with_all_gradients(call);
    reference::backward<double>(op, all);
    if (!call.grad_in[0]) return;
    const reference::Normalised<double> bn(call);
    const auto dx = call.grad_in[0].data<double>();
    for (std::size_t k = 0; k < dx.size(); ++k) {
      const std::size_t c = k % bn.channels;
      dx[k] = amend({dx[k], bn.hat(k), bn.gamma[c], bn.inverse_sd[c], all.grad_in[1].data<double>()[c],
                     all.grad_in[2].data<double>()[c], static_cast<double>(dx.size() / bn.channels), op.norm.training});
    }
  });
}

/// dγ from another formula; `dx` is the gradient of the normalised values.
template <Op O>
Fault amended_gamma(const std::string& kind, const std::string& text,
                    double (*amend)(double right, double d_beta, double mean, double inverse_sd)) {
  return broken_backward<O>(kind, text, [amend](const O& op, Call& call) {
    Call all = with_all_gradients(call);
    reference::backward<double>(op, all);
    if (!call.grad_in[1]) return;
    const auto d_gamma = call.grad_in[1].data<double>();
    for (std::size_t c = 0; c < d_gamma.size(); ++c)
      d_gamma[c] = amend(d_gamma[c], all.grad_in[2].data<double>()[c], call.saved[0].data<double>()[c],
                         call.saved[1].data<double>()[c]);
  });
}

template <Op O>
std::vector<Fault> norm_backward_faults() {
  return {
      amended_dx<O>(
          "dropped term", "Σ dy / m in dx",
          [](const NormTerm& t) { return t.training ? t.dx + t.gamma * t.inverse_sd * t.d_beta / t.m : t.dx; }),
      amended_dx<O>("dropped term", "x̂ Σ dy x̂ / m in dx",
                    [](const NormTerm& t) {
                      return t.training ? t.dx + t.gamma * t.inverse_sd * t.hat * t.d_gamma / t.m : t.dx;
                    }),
      amended_dx<O>("dropped factor", "γ in dx", [](const NormTerm& t) { return t.dx / t.gamma; }),
      amended_dx<O>("dropped factor", "1/√(v + ε) in dx", [](const NormTerm& t) { return t.dx / t.inverse_sd; }),
      amended_dx<O>("wrong divisor", "m − 1 for m in dx",
                    [](const NormTerm& t) {
                      const double through = t.gamma * t.inverse_sd * (t.d_beta + t.hat * t.d_gamma);
                      return t.training ? t.dx + through / t.m - through / (t.m - 1) : t.dx;
                    }),
      amended_gamma<O>("wrong operand", "x for x̂ in dγ",
                       [](double right, double d_beta, double mean, double inverse_sd) {
                         return right / inverse_sd + mean * d_beta;
                       }),
      amended_gamma<O>("dropped factor", "x̂ in dγ", [](double, double d_beta, double, double) { return d_beta; }),
      broken_backward<O>("in place", "dx is filled with 0 before x is read",
                         [](const O& op, Call& call) {
                           if (call.grad_in[0]) std::ranges::fill(call.grad_in[0].data<double>(), 0.0);
                           reference::backward<double>(op, call);
                         }),
      backward_with<O>("wrong mode", "evaluation's dx in training", [](O& op) { op.norm.training = false; }),
      backward_with<O>("wrong mode", "training's dx in evaluation", [](O& op) { op.norm.training = true; }),
  };
}

/// The running statistics after the right forward, changed.
template <Op O>
Fault running(const std::string& kind, const std::string& text,
              void (*change)(const O&, Call&, const std::vector<double>& mean, const std::vector<double>& variance)) {
  return broken_forward<O>(kind, text, [change](const O& op, Call& call) {
    const auto mean = call.in[3].data<double>(), variance = call.in[4].data<double>();
    const std::vector<double> mean_before(mean.begin(), mean.end());
    const std::vector<double> variance_before(variance.begin(), variance.end());
    reference::forward<double>(op, call);
    change(op, call, mean_before, variance_before);
  });
}

template <Op O>
std::vector<Fault> norm_forward_faults() {
  using Before = const std::vector<double>&;
  return {
      forward_with<O>("statistics", "the running variance is the biased one",
                      [](O& op) { op.norm.equal_views = Index{1} << 40; }),
      forward_with<O>("statistics", "equal views do not count in the running variance",
                      [](O& op) { op.norm.equal_views = 1; }),
      forward_with<O>("statistics", "momentum and its rest exchanged",
                      [](O& op) { op.norm.momentum = 1 - op.norm.momentum; }),
      forward_with<O>("statistics", "no ε", [](O& op) { op.norm.epsilon = 0; }),
      forward_with<O>("wrong mode", "running statistics in training", [](O& op) { op.norm.training = false; }),
      forward_with<O>("wrong mode", "the batch's statistics in evaluation", [](O& op) { op.norm.training = true; }),
      running<O>("statistics", "the running variance is not updated",
                 [](const O&, Call& call, Before, Before variance) {
                   std::copy(variance.begin(), variance.end(), call.in[4].data<double>().begin());
                 }),
      running<O>("statistics", "the running mean is not updated",
                 [](const O&, Call& call, Before mean, Before) {
                   std::copy(mean.begin(), mean.end(), call.in[3].data<double>().begin());
                 }),
      running<O>("statistics", "ε outside of the root",
                 [](const O& op, Call& call, Before, Before) {
                   for (double& r : call.saved[1].data<double>())
                     r = 1 / (std::sqrt(1 / (r * r) - op.norm.epsilon) + op.norm.epsilon);
                 }),
      running<O>("statistics", "running mean and variance exchanged",
                 [](const O&, Call& call, Before, Before) {
                   const auto mean = call.in[3].data<double>(), variance = call.in[4].data<double>();
                   std::swap_ranges(mean.begin(), mean.end(), variance.begin());
                 }),
  };
}

/// For ops that recompute their output.
template <Op O>
std::vector<Fault> norm_recompute_faults() {
  return {
      broken_recompute<O>("side effect", "recomputing updates the running statistics again",
                          [](const O& op, Call& call) { reference::forward<double>(op, call); }),
      broken_recompute<O>("dropped term", "β in the recomputed output",
                          [](const O& op, Call& call) {
                            Call without = call;
                            without.in[2] = like(call, call.in[2], [](std::size_t) { return 0.0; });
                            reference::recompute<double>(op, without);
                          }),
      broken_recompute<O>("side effect", "recomputing changes the saved mean",
                          [](const O& op, Call& call) {
                            reference::recompute<double>(op, call);
                            for (double& mean : call.saved[0].data<double>()) mean = 0;
                          }),
  };
}

/// The mistakes above that every normalising op can have.
template <Op O>
std::vector<Fault> norm_faults() {
  return joined({norm_backward_faults<O>(), norm_forward_faults<O>()});
}

/// The gradient of max(0, normalised value), by value of x.
template <Op O>
using ReluGradient = std::vector<double> (*)(const O&, const Call&);

/// That gradient passes alone where `open(normalised value)`.
template <Op O>
Fault masked(const std::string& kind, const std::string& text, ReluGradient<O> gradient, bool (*open)(double value)) {
  return broken_backward<O>(kind, text, [gradient, open](const O& op, Call& call) {
    const reference::Normalised<double> bn(call);
    const std::vector<double> g = gradient(op, call);
    reference::norm_backward<double>(op.norm, call, [&](std::size_t k) { return open(bn.value(k)) ? g[k] : 0.0; });
  });
}

/// For ops with a ReLU behind the normalisation.
template <Op O>
std::vector<Fault> norm_mask_faults(ReluGradient<O> gradient) {
  return {
      masked<O>("dropped mask", "the gradient passes the ReLU everywhere", gradient, [](double) { return true; }),
      masked<O>("inverted mask", "the gradient passes where the ReLU is shut", gradient,
                [](double v) { return v <= 0; }),
      masked<O>("wrong branch at a kink", "the gradient passes the ReLU at zero", gradient,
                [](double v) { return v >= 0; }),
  };
}

}  // namespace cg::test
