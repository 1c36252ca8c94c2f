// SPDX-License-Identifier: Apache-2.0
// The same numbers in another floating-point type.
// Forward: y = x in the other type
// Backward: dx = dy in x's type
#pragma once

#include "tensor/op.h"
#include "tensor/ops/require.h"

namespace cg {

/// Input: x of any shape. Output: y of the same shape in type `to`. Errors (usage): uint8.
struct Cast {
  DType to = DType::f32;

  static constexpr std::string_view name = "cast";
  static constexpr const char* input_names[] = {"x"};

  Plan plan(std::span<const Spec> in) const {
    if (in[0].dtype == DType::u8 || to == DType::u8)
      refuse(name, {"cannot convert ", in[0].dtype, " to ", to, ", expected floating-point types"});
    return {.outputs = {{in[0].shape, to}}, .saved = {}};
  }
};

namespace reference {

template <class To, class From>
void convert(const Tensor& from, const Tensor& to) {
  const auto source = from.data<From>();
  const auto target = to.data<To>();
  for (std::size_t k = 0; k < source.size(); ++k) target[k] = static_cast<To>(source[k]);
}

template <class T>
void forward(const Cast& op, Call& call) {
  with_type(op.to, [&]<class To>() { convert<To, T>(call.in[0], call.out[0]); });
}

template <class T>
void backward(const Cast& op, Call& call) {
  with_type(op.to, [&]<class To>() { convert<T, To>(call.grad_out[0], call.grad_in[0]); });
}

}  // namespace reference
}  // namespace cg
