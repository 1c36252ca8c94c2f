// SPDX-License-Identifier: Apache-2.0
// One step of Adam (Kingma & Ba 2015) over flat buffers, in place. The weight decay is coupled (added to the gradient),
// as in PyTorch's Adam and in the published code.
// Forward:
//   g' = g + decay · p;   m = β₁ m + (1 − β₁) g';   v = β₂ v + (1 − β₂) g'²
//   p = p − rate · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
// Backward: none
#pragma once

#include <cmath>

#include "tensor/op.h"
#include "tensor/ops/require.h"

namespace cg {

/// Inputs: values p, gradient g, first moment m, second moment v, all of one shape; p, m and v are overwritten. A
/// fifth, where there is one, becomes p rounded to bfloat16. A sixth, where there is one, is an AdamControl in the
/// device's memory, [4] doubles: a step that a device repeats by itself finds there what changes. No outputs and no
/// gradient.
struct AdamUpdate {
  double rate = 1e-4;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  Index step = 1;  ///< t, from 1

  static constexpr std::string_view name = "adam_update";
  static constexpr const char* input_names[] = {"p", "g", "m", "v", "copy of p in bfloat16", "control"};
  Plan plan(std::span<const Spec> in) const;
};

/// What of an update changes from step to step.
struct AdamControl {
  double rate;
  double first;       ///< 1 − β₁ᵗ
  double second;      ///< 1 − β₂ᵗ
  double finite = 1;  ///< 0: the gradient holds NaN or infinity, and the update does nothing

  explicit AdamControl(const AdamUpdate& op)
      : rate(op.rate), first(1 - std::pow(op.beta1, op.step)), second(1 - std::pow(op.beta2, op.step)) {}
  /// The sixth input's, in the place of what the op says, where there is one.
  AdamControl(const AdamUpdate& op, const Call& call) : AdamControl(op) {
    if (call.in.size() < 6) return;
    const auto given = call.in[5].data<double>();
    rate = given[0];
    first = given[1];
    second = given[2];
    finite = given[3];
  }
  static Spec spec() { return {{4}, DType::f64}; }
};

inline Plan AdamUpdate::plan(std::span<const Spec> in) const {
  for (const Spec& spec : in.first(4)) require_parameter(name, "buffer", spec, in[0].shape, in[0].dtype);
  if (in.size() > 4) require_spec(name, "the copy", in[4], {in[0].shape, DType::bf16});
  if (in.size() > 5) require_spec(name, "the control", in[5], AdamControl::spec());
  return {};
}

/// The fifth input, for kernels that write it in a separate pass.
template <class T>
void write_bfloat16_copy(Call& call) {
  if (call.in.size() < 5 || !call.in[4]) return;
  const auto p = call.in[0].data<T>();
  const auto copy = call.in[4].data<bfloat16>();
  for (std::size_t k = 0; k < p.size(); ++k) copy[k] = static_cast<float>(p[k]);
}

namespace reference {

template <class T>
void forward(const AdamUpdate& op, Call& call) {
  const auto p = call.in[0].data<T>(), g = call.in[1].data<T>(), m = call.in[2].data<T>(), v = call.in[3].data<T>();
  const AdamControl now(op, call);
  if (now.finite == 0) return;
  for (std::size_t k = 0; k < p.size(); ++k) {
    const double gradient = static_cast<double>(g[k]) + op.weight_decay * static_cast<double>(p[k]);
    const double mean = op.beta1 * static_cast<double>(m[k]) + (1 - op.beta1) * gradient;
    const double square = op.beta2 * static_cast<double>(v[k]) + (1 - op.beta2) * gradient * gradient;
    m[k] = static_cast<T>(mean);
    v[k] = static_cast<T>(square);
    p[k] = static_cast<T>(static_cast<double>(p[k]) -
                          now.rate * (mean / now.first) / (std::sqrt(square / now.second) + op.epsilon));
  }
  write_bfloat16_copy<T>(call);
}

}  // namespace reference
}  // namespace cg
