// SPDX-License-Identifier: Apache-2.0
// Test data of linear; formula in tensor/ops/linear.h. What surrounds the GPU's matrix products is tested in
// tests/tensor/backend/cuda/ops/convolution_test.cpp.
#include "tensor/ops/linear.h"

#include "tests/support/op_tests.h"

namespace cg::test {
namespace {

Example draw_linear(Draw& draw) {
  const Index rows = draw.size(1, 5), inputs = draw.size(1, 9), outputs = draw.size(1, 7);
  return example(Linear{}, {random_input(draw, {rows, inputs}), random_parameter(draw, {outputs, inputs}),
                            random_parameter(draw, {outputs})});
}

std::vector<Misuse> linear_misuses() {
  const Spec x = f32({2, 3}), w = f32({4, 3}), b = f32({4});
  return {
      {erase(Linear{}), {f32({2, 3, 1}), w, b}, {"input", "[2, 3, 1]", "2 axes"}},
      {erase(Linear{}), {x, f32({12}), b}, {"weight", "[12]", "2 axes"}},
      {erase(Linear{}), {x, f32({4, 5}), b}, {"3 columns", "expects 5"}},
      {erase(Linear{}), {x, {{4, 3}, DType::f64}, b}, {"weight", "float64", "expected float32"}},
      {erase(Linear{}), {x, w, f32({3})}, {"bias", "[3]", "expected float32 [4]"}},
  };
}

/// Sizes of a linear layer's call.
struct Sizes {
  std::size_t rows, inputs, outputs;
  explicit Sizes(const Call& call)
      : rows(static_cast<std::size_t>(call.in[0].shape()[0])),
        inputs(static_cast<std::size_t>(call.in[1].shape()[1])),
        outputs(static_cast<std::size_t>(call.in[1].shape()[0])) {}
};

/// Runs the right backward, then `amend` on one gradient where it is wanted.
Fault linear_fault(const std::string& kind, const std::string& text, std::size_t j,
                   void (*amend)(const Call&, std::span<double>)) {
  return broken_backward<Linear>(kind, text, [=](const Linear& op, Call& call) {
    reference::backward<double>(op, call);
    if (call.grad_in[j]) amend(call, call.grad_in[j].data<double>());
  });
}

std::vector<Fault> linear_faults() {
  return {
      linear_fault("transposed weight", "W read as Wᵀ in dx", 0,
                   [](const Call& call, std::span<double> dx) {
                     const Sizes s(call);
                     const auto w = call.in[1].data<double>();
                     for (std::size_t n = 0; n < s.rows; ++n)
                       for (std::size_t i = 0; i < s.inputs; ++i) {
                         double sum = 0;
                         for (std::size_t o = 0; o < s.outputs; ++o)
                           sum += dy_at(call, n * s.outputs + o) * w[i * s.outputs + o];
                         dx[n * s.inputs + i] = sum;
                       }
                   }),
      linear_fault("transposed weight", "dW stored as dWᵀ", 1,
                   [](const Call& call, std::span<double> dw) {
                     const Sizes s(call);
                     const std::vector<double> right(dw.begin(), dw.end());
                     for (std::size_t o = 0; o < s.outputs; ++o)
                       for (std::size_t i = 0; i < s.inputs; ++i) dw[i * s.outputs + o] = right[o * s.inputs + i];
                   }),
      linear_fault("wrong divisor", "db is the mean over the batch", 2,
                   [](const Call& call, std::span<double> db) {
                     for (double& g : db) g /= static_cast<double>(Sizes(call).rows);
                   }),
      linear_fault("missing sum over the batch", "db is the last row's", 2,
                   [](const Call& call, std::span<double> db) {
                     const Sizes s(call);
                     for (std::size_t o = 0; o < s.outputs; ++o) db[o] = dy_at(call, (s.rows - 1) * s.outputs + o);
                   }),
      broken_forward<Linear>("dropped term", "the bias",
                             [](const Linear& op, Call& call) {
                               Call without = call;
                               without.in[2] = like(call, call.in[2], [](std::size_t) { return 0.0; });
                               reference::forward<double>(op, without);
                             }),
  };
}

}  // namespace

OpTests linear_tests() {
  return {
      .draw = draw_linear,
      .misuses = linear_misuses(),
      .faults = linear_faults(),
  };
}

}  // namespace cg::test
