// SPDX-License-Identifier: Apache-2.0
// Rows of unit length. Where ‖x‖ ≤ ε the divisor is constant; elsewhere dx is orthogonal to x.
// Forward: y = x / max(‖x‖, ε)
// Backward: dx = (dy − y (y·dy)) / ‖x‖, or dy / ε where ‖x‖ ≤ ε
#pragma once

#include <algorithm>
#include <cmath>

#include "tensor/op.h"
#include "tensor/ops/require.h"

namespace cg {

/// Input: x [n, d]. Output: y [n, d]. Saved: ‖x‖ of each row.
struct L2Normalise {
  double epsilon = 1e-12;

  static constexpr std::string_view name = "l2_normalise";
  static constexpr const char* input_names[] = {"x"};
  static constexpr const char* saved_names[] = {"‖x‖"};

  Plan plan(std::span<const Spec> in) const {
    require_rank(name, "input", in[0], 2);
    return {.outputs = {in[0]}, .saved = {{{in[0].shape[0]}, parameter_type(in[0].dtype)}}, .saved_outputs = 0b1};
  }
};

namespace reference {

template <class T>
void forward(const L2Normalise& op, Call& call) {
  const auto x = call.in[0].data<T>(), y = call.out[0].data<T>();
  const auto norms = call.saved[0].data<Param<T>>();
  const std::size_t width = x.size() / norms.size();
  for (std::size_t n = 0; n < norms.size(); ++n) {
    double sum = 0;
    for (std::size_t k = 0; k < width; ++k) sum += std::pow(static_cast<double>(x[n * width + k]), 2);
    norms[n] = static_cast<Param<T>>(std::sqrt(sum));
    const double divisor = std::max(std::sqrt(sum), op.epsilon);
    for (std::size_t k = 0; k < width; ++k)
      y[n * width + k] = static_cast<T>(static_cast<double>(x[n * width + k]) / divisor);
  }
}

template <class T>
void backward(const L2Normalise& op, Call& call) {
  const auto y = call.out[0].data<T>(), dy = call.grad_out[0].data<T>(), dx = call.grad_in[0].data<T>();
  const auto norms = call.saved[0].data<Param<T>>();
  const std::size_t width = y.size() / norms.size();
  for (std::size_t n = 0; n < norms.size(); ++n) {
    const auto norm = static_cast<double>(norms[n]);
    double along = 0;  // y·dy
    if (norm > op.epsilon)
      for (std::size_t k = n * width; k < (n + 1) * width; ++k)
        along += static_cast<double>(y[k]) * static_cast<double>(dy[k]);
    for (std::size_t k = n * width; k < (n + 1) * width; ++k)
      dx[k] =
          static_cast<T>((static_cast<double>(dy[k]) - static_cast<double>(y[k]) * along) / std::max(norm, op.epsilon));
  }
}

}  // namespace reference
}  // namespace cg
