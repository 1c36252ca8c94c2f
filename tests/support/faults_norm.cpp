// Mistakes in batch normalisation and what it is fused with, in double; formulas in tensor/ops/batch_norm.h.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "tensor/ops/batch_norm_add_relu.h"
#include "tensor/ops/batch_norm_relu.h"
#include "tensor/ops/batch_norm_relu_max_pool.h"
#include "tests/support/faults.h"

namespace cg::test {
namespace {

/// What a mistake in dx can be made of, at one value of x.
struct Term {
  double dx, hat, gamma, inverse_sd, d_gamma, d_beta, m;
  bool training;
};

/// dx of the right kernel, amended entry by entry.
template <Op O>
Fault amended(const std::string& kind, const std::string& text, double (*amend)(const Term&)) {
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

/// The right forward with other attributes.
template <Op O>
Fault forward_with(const std::string& kind, const std::string& text, void (*change)(NormAttributes&)) {
  return broken_forward<O>(kind, text, [change](const O& op, Call& call) {
    O changed = op;
    change(changed.norm);
    reference::forward<double>(changed, call);
  });
}

template <Op O>
Fault backward_with(const std::string& kind, const std::string& text, void (*change)(NormAttributes&)) {
  return broken_backward<O>(kind, text, [change](const O& op, Call& call) {
    O changed = op;
    change(changed.norm);
    reference::backward<double>(changed, call);
  });
}

template <Op O>
std::vector<Fault> backward_faults() {
  return {
      amended<O>("dropped term", "Σ dy / m in dx",
                 [](const Term& t) { return t.training ? t.dx + t.gamma * t.inverse_sd * t.d_beta / t.m : t.dx; }),
      amended<O>(
          "dropped term", "x̂ Σ dy x̂ / m in dx",
          [](const Term& t) { return t.training ? t.dx + t.gamma * t.inverse_sd * t.hat * t.d_gamma / t.m : t.dx; }),
      amended<O>("dropped factor", "γ in dx", [](const Term& t) { return t.dx / t.gamma; }),
      amended<O>("dropped factor", "1/√(v + ε) in dx", [](const Term& t) { return t.dx / t.inverse_sd; }),
      amended<O>("wrong divisor", "m − 1 for m in dx",
                 [](const Term& t) {
                   const double through = t.gamma * t.inverse_sd * (t.d_beta + t.hat * t.d_gamma);
                   return t.training ? t.dx + through / t.m - through / (t.m - 1) : t.dx;
                 }),
      amended_gamma<O>("wrong operand", "x for x̂ in dγ",
                       [](double right, double d_beta, double mean, double inverse_sd) {
                         return right / inverse_sd + mean * d_beta;
                       }),
      amended_gamma<O>("dropped factor", "x̂ in dγ", [](double, double d_beta, double, double) { return d_beta; }),
      backward_with<O>("wrong mode", "evaluation's dx in training", [](NormAttributes& n) { n.training = false; }),
      backward_with<O>("wrong mode", "training's dx in evaluation", [](NormAttributes& n) { n.training = true; }),
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
std::vector<Fault> forward_faults() {
  using Before = const std::vector<double>&;
  return {
      forward_with<O>("statistics", "the running variance is the biased one",
                      [](NormAttributes& n) { n.equal_views = Index{1} << 40; }),
      forward_with<O>("statistics", "equal views do not count in the running variance",
                      [](NormAttributes& n) { n.equal_views = 1; }),
      forward_with<O>("statistics", "momentum and its rest exchanged",
                      [](NormAttributes& n) { n.momentum = 1 - n.momentum; }),
      forward_with<O>("statistics", "no ε", [](NormAttributes& n) { n.epsilon = 0; }),
      forward_with<O>("wrong mode", "running statistics in training", [](NormAttributes& n) { n.training = false; }),
      forward_with<O>("wrong mode", "the batch's statistics in evaluation",
                      [](NormAttributes& n) { n.training = true; }),
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

/// Recomputing as in BatchNorm and BatchNormRelu.
template <Op O>
std::vector<Fault> recompute_faults() {
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

/// The gradient passes `open(normalised value, output)` alone.
template <Op O>
Fault masked(const std::string& kind, const std::string& text, bool (*open)(double value)) {
  return broken_backward<O>(kind, text, [open](const O& op, Call& call) {
    const reference::Normalised<double> bn(call);
    std::vector<double> g;
    if constexpr (std::is_same_v<O, BatchNormReluMaxPool>) {
      g = reference::pool_backward<double>(VolumeShape(call.in[0].shape()), op.pool.window(), call.grad_out[0],
                                           call.saved[2]);
    } else {
      const auto dy = call.grad_out[0].data<double>();
      g.assign(dy.begin(), dy.end());
    }
    reference::norm_backward<double>(op.norm, call, [&](std::size_t k) { return open(bn.value(k)) ? g[k] : 0.0; });
  });
}

template <Op O>
std::vector<Fault> mask_faults() {
  return {
      masked<O>("dropped mask", "the gradient passes the ReLU everywhere", [](double) { return true; }),
      masked<O>("inverted mask", "the gradient passes where the ReLU is shut", [](double v) { return v <= 0; }),
      masked<O>("wrong branch at a kink", "the gradient passes the ReLU at zero", [](double v) { return v >= 0; }),
  };
}

/// d residual and dx of the right kernel for another gradient of the output: its entries where `open(y)`, else 0.
Fault residual_mask(const std::string& kind, const std::string& text, bool (*open)(double y), bool in_dx,
                    bool in_residual) {
  using O = BatchNormAddRelu;
  return broken_backward<O>(kind, text, [=](const O& op, Call& call) {
    const auto y = call.out[0].data<double>(), dy = call.grad_out[0].data<double>();
    Call other = call, right = call;
    other.out[0] = like(call, call.out[0], [&](std::size_t k) { return open(y[k]) ? 1.0 : 0.0; });
    for (std::size_t j = 0; j < call.in.size(); ++j) ((j == 5 ? in_residual : in_dx) ? right : other).grad_in[j] = {};
    reference::backward<double>(op, other);
    reference::backward<double>(op, right);
  });
}

std::vector<Fault> residual_faults() {
  constexpr auto always = [](double) { return true; };
  constexpr auto shut = [](double y) { return y <= 0; };
  return {
      residual_mask("dropped mask", "dx, dγ and dβ pass the ReLU everywhere", always, true, false),
      residual_mask("dropped mask", "the residual's gradient passes the ReLU everywhere", always, false, true),
      residual_mask("inverted mask", "gradients pass where the ReLU is shut", shut, true, true),
  };
}

/// Calls body(input offset, output offset, tap) for every tap of every window.
template <class Body>
void for_each_window_tap(const BatchNormReluMaxPool& op, const Call& call, const Body& body) {
  const VolumeShape in(call.in[0].shape()), out(call.saved[2].shape());
  for (Index n = 0; n < out.n; ++n)
    for (Index d = 0; d < out.depth; ++d)
      for (Index h = 0; h < out.height; ++h)
        for (Index v = 0; v < out.width; ++v)
          for_each_tap(in, op.pool.window(), d, h, v, [&](Index a, Index b, Index e, Index tap) {
            for (Index c = 0; c < in.channels; ++c)
              body(static_cast<std::size_t>(in.at(n, a, b, e) + c), static_cast<std::size_t>(out.at(n, d, h, v) + c),
                   tap);
          });
}

std::vector<Fault> pool_faults() {
  using O = BatchNormReluMaxPool;
  return {
      broken_forward<O>("wrong branch at a kink", "the last of equal values wins",
                        [](const O& op, Call& call) {
                          reference::forward<double>(op, call);
                          const reference::Normalised<double> bn(call);
                          const auto y = call.out[0].data<double>();
                          const auto winners = call.saved[2].data<std::uint8_t>();
                          for_each_window_tap(op, call, [&](std::size_t x, std::size_t at, Index tap) {
                            if (std::max(bn.value(x), 0.0) == y[at]) winners[at] = static_cast<std::uint8_t>(tap);
                          });
                        }),
      broken_backward<O>("written instead of added", "a voxel that won several windows",
                         [](const O& op, Call& call) {
                           const reference::Normalised<double> bn(call);
                           const auto dy = call.grad_out[0].data<double>();
                           const auto winners = call.saved[2].data<std::uint8_t>();
                           std::vector<double> g(bn.x.size(), 0.0);
                           for_each_window_tap(op, call, [&](std::size_t x, std::size_t at, Index tap) {
                             if (winners[at] == tap && bn.value(x) > 0) g[x] = dy[at];
                           });
                           reference::norm_backward<double>(op.norm, call, [&](std::size_t k) { return g[k]; });
                         }),
      broken_backward<O>("off-by-one padding", "backward pads one voxel more",
                         [](const O& op, Call& call) {
                           O changed = op;
                           for (Index& p : changed.pool.padding) ++p;
                           reference::backward<double>(changed, call);
                         }),
  };
}

}  // namespace

template <Op O>
std::vector<Fault> norm_faults() {
  std::vector<Fault> all;
  const auto add = [&](std::vector<Fault> more) { all.insert(all.end(), more.begin(), more.end()); };
  add(backward_faults<O>());
  add(forward_faults<O>());
  if constexpr (std::is_same_v<O, BatchNorm> || std::is_same_v<O, BatchNormRelu>) add(recompute_faults<O>());
  if constexpr (std::is_same_v<O, BatchNormRelu> || std::is_same_v<O, BatchNormReluMaxPool>) add(mask_faults<O>());
  if constexpr (std::is_same_v<O, BatchNormAddRelu>) add(residual_faults());
  if constexpr (std::is_same_v<O, BatchNormReluMaxPool>) add(pool_faults());
  return all;
}

template std::vector<Fault> norm_faults<BatchNorm>();
template std::vector<Fault> norm_faults<BatchNormRelu>();
template std::vector<Fault> norm_faults<BatchNormAddRelu>();
template std::vector<Fault> norm_faults<BatchNormReluMaxPool>();

}  // namespace cg::test
