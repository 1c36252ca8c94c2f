// SPDX-License-Identifier: Apache-2.0
// Test data of l2_normalise; formula in tensor/ops/l2_normalise.h.
#include "tensor/backend/cuda/ops/l2_normalise.h"

#include <algorithm>

#include "tensor/ops/l2_normalise.h"
#include "tests/support/host_kernels.h"
#include "tests/support/op_tests.h"

namespace cg::test {
namespace {

Example draw_l2_normalise(Draw& draw) {
  const Index rows = draw.size(1, 5), columns = draw.size(2, 9);  // with one column y is ±1 and the gradient zero
  return example(L2Normalise{}, {random_input(draw, {rows, columns})});
}

Example draw_large_l2_normalise(Draw& draw) {
  return example(L2Normalise{}, {random_input(draw, {draw.size(1, 70), draw.size(100, 300)})});
}

std::vector<Misuse> l2_normalise_misuses() {
  return {
      {erase(L2Normalise{}), {f32({2, 3, 4})}, {"[2, 3, 4]", "2 axes"}},
      {erase(L2Normalise{}), {f32({0, 4})}, {"[0, 4]", "at least 1"}},
  };
}

std::vector<Kink> l2_normalise_kinks() {
  const auto row = [](const std::vector<double>& numbers) { return ExampleInput{{1, 2}, numbers}; };
  return {
      {"a row of zeros stays, and its divisor 1e-12 is constant",
       example(L2Normalise{}, {row({0, 0})}),
       {1, 2},
       {0, 0},
       {{0, {1e12, 2e12}}}},
      {"a row shorter than the least divisor is divided by that one",
       example(L2Normalise{.epsilon = 4}, {row({1, 0})}),
       {1, 2},
       {0.25, 0},
       {{0, {0.25, 0.5}}}},
  };
}

/// y·dy of the row of entry k.
double along(const Call& call, std::size_t k) {
  const auto width = static_cast<std::size_t>(call.out[0].shape()[1]);
  double sum = 0;
  for (std::size_t i = k / width * width; i < (k / width + 1) * width; ++i) sum += y_at(call, i) * dy_at(call, i);
  return sum;
}
double length(const Call& call, std::size_t k) {
  return call.saved[0].data<double>()[k / static_cast<std::size_t>(call.out[0].shape()[1])];
}

std::vector<Fault> l2_normalise_faults() {
  using O = L2Normalise;
  return {
      dx_as<O>("dropped term", "the projection in dx",
               [](const Call& c, std::size_t k, double) { return dy_at(c, k) / length(c, k); }),
      dx_as<O>(
          "sign", "the projection is added",
          [](const Call& c, std::size_t k, double) { return (dy_at(c, k) + y_at(c, k) * along(c, k)) / length(c, k); }),
      dx_as<O>("dropped factor", "1 / ‖x‖", [](const Call& c, std::size_t k, double dx) { return dx * length(c, k); }),
      dx_as<O>("wrong divisor", "‖x‖² for ‖x‖",
               [](const Call& c, std::size_t k, double dx) { return dx / length(c, k); }),
      dx_as<O>("wrong operand", "x for y in the projection",
               [](const Call& c, std::size_t k, double) {
                 const double x = y_at(c, k) * length(c, k);
                 return (dy_at(c, k) - x * along(c, k) * length(c, k)) / length(c, k);
               }),
      broken_backward<O>("wrong branch at a kink", "the least divisor is differentiated too",
                         [](const O& op, Call& call) {
                           const auto dx = call.grad_in[0].data<double>();
                           for (std::size_t k = 0; k < dx.size(); ++k)
                             dx[k] = (dy_at(call, k) - y_at(call, k) * along(call, k)) /
                                     std::max(length(call, k), op.epsilon);
                         }),
      broken_backward<O>("wrong branch at a kink", "no gradient below the least divisor",
                         [](const O& op, Call& call) {
                           reference::backward<double>(op, call);
                           const auto dx = call.grad_in[0].data<double>();
                           for (std::size_t k = 0; k < dx.size(); ++k)
                             if (length(call, k) <= op.epsilon) dx[k] = 0;
                         }),
  };
}

}  // namespace

OpTests l2_normalise_tests() {
  return {
      .draw = draw_l2_normalise,
      .draw_large = draw_large_l2_normalise,
      .misuses = l2_normalise_misuses(),
      .kinks = l2_normalise_kinks(),
      .faults = l2_normalise_faults(),
      .cuda_on_host = add_on_host<L2Normalise>,
  };
}

}  // namespace cg::test
