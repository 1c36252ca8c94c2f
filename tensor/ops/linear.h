// SPDX-License-Identifier: Apache-2.0
// A fully connected layer.
// Forward: y = x Wᵀ + b
// Backward: dx = dy W;   dW = dyᵀ x;   db = Σ_n dy
#pragma once

#include "tensor/op.h"
#include "tensor/ops/require.h"

namespace cg {

/// Inputs: x [n, I], W [O, I], b [O]. Output: y [n, O]. Errors (usage): widths that differ.
struct Linear {
  static constexpr std::string_view name = "linear";
  static constexpr const char* input_names[] = {"x", "W", "b"};

  Plan plan(std::span<const Spec> in) const {
    require_rank(name, "input", in[0], 2);
    require_rank(name, "weight", in[1], 2);
    const Shape &x = in[0].shape, &w = in[1].shape;
    if (x[1] != w[1])
      refuse(name, {"input has ", x[1], " columns, but weight expects ", w[1]},
             "Give the layer as many inputs as the layer before it has outputs.");
    require_parameter(name, "weight", in[1], w, in[0].dtype);
    require_parameter(name, "bias", in[2], {w[0]}, in[0].dtype);
    return {.outputs = {{{x[0], w[0]}, in[0].dtype}}, .saved = {}, .saved_inputs = 0b11};
  }
};

namespace reference {

template <class T>
void forward(const Linear&, Call& call) {
  const auto x = call.in[0].data<T>(), y = call.out[0].data<T>();
  const auto w = call.in[1].data<Param<T>>(), b = call.in[2].data<Param<T>>();
  const auto inputs = static_cast<std::size_t>(call.in[1].shape()[1]), outputs = b.size();
  for (std::size_t n = 0; n < x.size() / inputs; ++n)
    for (std::size_t o = 0; o < outputs; ++o) {
      double sum = static_cast<double>(b[o]);
      for (std::size_t i = 0; i < inputs; ++i)
        sum += static_cast<double>(x[n * inputs + i]) * static_cast<double>(w[o * inputs + i]);
      y[n * outputs + o] = static_cast<T>(sum);
    }
}

template <class T>
void backward(const Linear&, Call& call) {
  const auto x = call.in[0].data<T>(), dy = call.grad_out[0].data<T>();
  const auto w = call.in[1].data<Param<T>>();
  const auto inputs = static_cast<std::size_t>(call.in[1].shape()[1]),
             outputs = static_cast<std::size_t>(call.in[1].shape()[0]);
  const std::size_t rows = x.size() / inputs;
  const auto dot = [](std::size_t terms, const auto& term) {
    double sum = 0;
    for (std::size_t k = 0; k < terms; ++k) sum += term(k);
    return sum;
  };
  const auto g = [&](std::size_t n, std::size_t o) { return static_cast<double>(dy[n * outputs + o]); };
  if (call.grad_in[0])
    for (std::size_t n = 0; n < rows; ++n)
      for (std::size_t i = 0; i < inputs; ++i)
        call.grad_in[0].data<T>()[n * inputs + i] = static_cast<T>(
            dot(outputs, [&](std::size_t o) { return g(n, o) * static_cast<double>(w[o * inputs + i]); }));
  if (call.grad_in[1])
    for (std::size_t o = 0; o < outputs; ++o)
      for (std::size_t i = 0; i < inputs; ++i)
        call.grad_in[1].data<Param<T>>()[o * inputs + i] = static_cast<Param<T>>(
            dot(rows, [&](std::size_t n) { return g(n, o) * static_cast<double>(x[n * inputs + i]); }));
  if (call.grad_in[2])
    for (std::size_t o = 0; o < outputs; ++o)
      call.grad_in[2].data<Param<T>>()[o] = static_cast<Param<T>>(dot(rows, [&](std::size_t n) { return g(n, o); }));
}

}  // namespace reference
}  // namespace cg
