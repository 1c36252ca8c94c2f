// SPDX-License-Identifier: Apache-2.0
// The sum of two tensors. y may share a's memory: the tape sums the gradients of several consumers with it.
// Forward: y = a + b
// Backward: da = dy;   db = dy
#pragma once

#include <algorithm>

#include "tensor/op.h"
#include "tensor/ops/require.h"

namespace cg {

/// Inputs: a, b of the same shape and type. Output: y. Errors (usage): specs that differ.
struct Add {
  static constexpr std::string_view name = "add";
  static constexpr const char* input_names[] = {"a", "b"};

  Plan plan(std::span<const Spec> in) const {
    if (in[0] != in[1]) refuse(name, {"the inputs differ: ", in[0], " and ", in[1]});
    return {.outputs = {in[0]}, .saved = {}};
  }
};

namespace reference {

template <class T>
void forward(const Add&, Call& call) {
  const auto a = call.in[0].data<T>(), b = call.in[1].data<T>(), y = call.out[0].data<T>();
  for (std::size_t k = 0; k < y.size(); ++k) y[k] = a[k] + b[k];
}

template <class T>
void backward(const Add&, Call& call) {
  const auto dy = call.grad_out[0].data<T>();
  for (Tensor& gradient : call.grad_in)
    if (gradient) std::copy(dy.begin(), dy.end(), gradient.data<T>().begin());
}

}  // namespace reference
}  // namespace cg
