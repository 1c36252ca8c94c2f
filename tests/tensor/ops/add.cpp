// SPDX-License-Identifier: Apache-2.0
// Test data of add; formula in tensor/ops/add.h.
#include "tensor/backend/cuda/ops/add.h"

#include <algorithm>

#include "tensor/ops/add.h"
#include "tests/support/host_kernels.h"
#include "tests/support/op_tests.h"

namespace cg::test {
namespace {

Example draw_add_of(Draw& draw, const Shape& shape) {
  return example(Add{}, {random_input(draw, shape), random_input(draw, shape)});
}

Example draw_add(Draw& draw) { return draw_add_of(draw, volume(draw, 3)); }
Example draw_large_add(Draw& draw) { return draw_add_of(draw, large_volume(draw)); }

std::vector<Misuse> add_misuses() {
  return {
      {erase(Add{}), {f32({2, 3}), f32({3, 2})}, {"[2, 3]", "[3, 2]", "differ"}},
      {erase(Add{}), {f32({2, 3}), {{2, 3}, DType::bf16}}, {"float32", "bfloat16", "differ"}},
  };
}

std::vector<Fault> add_faults() {
  return {
      broken_backward<Add>("wrong divisor", "each summand gets half of the gradient",
                           [](const Add& op, Call& call) {
                             reference::backward<double>(op, call);
                             for (Tensor& gradient : call.grad_in)
                               if (gradient)
                                 for (double& g : gradient.data<double>()) g /= 2;
                           }),
      broken_backward<Add>("dropped term", "one summand's gradient where both are wanted",
                           [](const Add& op, Call& call) {
                             reference::backward<double>(op, call);
                             if (!call.grad_in[0] || !call.grad_in[1]) return;
                             for (double& g : call.grad_in[1].data<double>()) g = 0;
                           }),
      broken_forward<Add>("dropped term", "the second summand",
                          [](const Add&, Call& call) {
                            const auto a = call.in[0].data<double>();
                            std::copy(a.begin(), a.end(), call.out[0].data<double>().begin());
                          }),
  };
}

}  // namespace

OpTests add_tests() {
  return {
      .draw = draw_add,
      .draw_large = draw_large_add,
      .misuses = add_misuses(),
      .faults = add_faults(),
      .equivalent = {{"swapped: gradients 0 and 1", "both are dy"}},
      .cuda_on_host = add_on_host<Add>,
  };
}

}  // namespace cg::test
