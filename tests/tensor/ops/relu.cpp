// SPDX-License-Identifier: Apache-2.0
// Test data of relu; formula in tensor/ops/relu.h. It takes every shape: there is no misuse.
#include "tensor/backend/cuda/ops/relu.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/ops/relu.h"
#include "tests/support/host_kernels.h"
#include "tests/support/op_tests.h"

namespace cg::test {
namespace {

Example draw_relu_of(Draw& draw, const Shape& shape) {
  ExampleInput x = random_input(draw, shape);
  for (double& v : x.numbers) v += v < 0 ? -margin : margin;
  return example(Relu{}, {x});
}

Example draw_relu(Draw& draw) { return draw_relu_of(draw, volume(draw, 4)); }
Example draw_large_relu(Draw& draw) { return draw_relu_of(draw, large_volume(draw)); }

std::vector<Kink> relu_kinks() {
  return {
      {"no gradient passes at zero, of either sign",
       example(Relu{}, {line({-1, 0, -0.0, 2})}),
       {1, 2, 3, 4},
       {0, 0, 0, 2},
       {{0, {0, 0, 0, 4}}}},
      {"NaN passes, and its gradient; infinity passes, minus infinity does not",
       example(Relu{}, {line({not_a_number, infinity, -infinity, 2})}),
       {1, 2, 3, 4},
       {not_a_number, infinity, 0, 2},
       {{0, {1, 2, 0, 4}}}},
  };
}

std::vector<Fault> relu_faults() {
  return {
      dx_as<Relu>("dropped mask", "the gradient passes everywhere",
                  [](const Call& c, std::size_t k, double) { return dy_at(c, k); }),
      dx_as<Relu>("inverted mask", "the gradient passes where the ReLU is shut",
                  [](const Call& c, std::size_t k, double) { return y_at(c, k) > 0 ? 0 : dy_at(c, k); }),
      dx_as<Relu>("wrong operand", "the mask is that of dy",
                  [](const Call& c, std::size_t k, double) { return std::max(dy_at(c, k), 0.0); }),
      dx_as<Relu>("wrong operand", "a leak of a hundredth",
                  [](const Call& c, std::size_t k, double dx) { return y_at(c, k) > 0 ? dx : 0.01 * dy_at(c, k); }),
      broken_forward<Relu>("wrong branch at a kink", "minus a tiny number at zero",
                           [](const Relu& op, Call& call) {
                             reference::forward<double>(op, call);
                             const auto x = call.in[0].data<double>(), y = call.out[0].data<double>();
                             for (std::size_t k = 0; k < y.size(); ++k)
                               if (x[k] == 0) y[k] = 1e-300;  // so that the gradient passes
                           }),
      broken_forward<Relu>("lost infinity", "it becomes the largest number",
                           [](const Relu& op, Call& call) {
                             reference::forward<double>(op, call);
                             for (double& y : call.out[0].data<double>())
                               if (std::isinf(y)) y = std::numeric_limits<double>::max();
                           }),
      dx_as<Relu>("wrong branch at a kink", "no gradient at NaN",
                  [](const Call& c, std::size_t k, double dx) { return y_at(c, k) > 0 ? dx : 0; }),
  };
}

}  // namespace

OpTests relu_tests() {
  return {
      .draw = draw_relu,
      .draw_large = draw_large_relu,
      .kinks = relu_kinks(),
      .faults = relu_faults(),
      .cuda_on_host = add_on_host<Relu>,
  };
}

}  // namespace cg::test
