// SPDX-License-Identifier: Apache-2.0
// Test data of batch_norm_add_relu; formula in tensor/ops/batch_norm_add_relu.h, what normalising ops share in
// tests/support/norm_examples.h and norm_faults.h.
#include "tensor/ops/batch_norm_add_relu.h"

#include "tensor/backend/cuda/ops/batch_norm.h"
#include "tests/support/host_kernels.h"
#include "tests/support/norm_examples.h"
#include "tests/support/norm_faults.h"
#include "tests/support/op_tests.h"

namespace cg::test {
namespace {

std::vector<Misuse> norm_add_relu_misuses() {
  std::vector<Misuse> all = norm_misuses(erase(BatchNormAddRelu{}), {f32({2, 3, 3, 3, 4})});
  std::vector<Spec> specs = norm_specs({2, 3, 3, 3, 4});
  specs.push_back(f32({2, 3, 3, 2, 4}));
  all.push_back({erase(BatchNormAddRelu{}), specs, {"residual", "[2, 3, 3, 2, 4]", "expected", "[2, 3, 3, 3, 4]"}});
  specs.back() = {{2, 3, 3, 3, 4}, DType::bf16};
  all.push_back({erase(BatchNormAddRelu{}), specs, {"residual", "bfloat16", "expected float32"}});
  return all;
}

std::vector<Kink> batch_norm_add_relu_kinks() {
  auto inputs = normalised({-1, 1, 0, 2});
  inputs.push_back(line({1, -1, 0, 1}));
  auto not_finite = normalised({not_a_number, -1, infinity, infinity, 1});
  not_finite.push_back(line({1, not_a_number, 0, -infinity, -infinity}));
  return {
      {"no gradient passes where the sum is zero, to neither of the two",
       example(BatchNormAddRelu{as_it_is}, std::move(inputs)),
       {8, 16, 4, 1},
       {0, 0, 0, 3},
       {{0, {0, 0, 0, 1}}, {1, {2}}, {2, {1}}, {5, {0, 0, 0, 1}}}},
      {"NaN passes from either of the two, and its gradient to both; infinity minus infinity is NaN",
       example(BatchNormAddRelu{as_it_is}, std::move(not_finite)),
       {8, 16, 4, 1, 2},
       {not_a_number, not_a_number, infinity, not_a_number, 0},
       {{0, {8, 16, 4, 1, 0}}, {2, {29}}, {5, {8, 16, 4, 1, 0}}}},
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

}  // namespace

OpTests batch_norm_add_relu_tests() {
  return {
      .draw = draw_norm<BatchNormAddRelu>,
      .draw_large = draw_large_norm<BatchNormAddRelu>,
      .misuses = norm_add_relu_misuses(),
      .kinks = batch_norm_add_relu_kinks(),
      .faults = joined({norm_faults<BatchNormAddRelu>(), residual_faults()}),
      .equivalent = {{"stale tensor: input 2", "backward takes its mask from y and does not read β"},
                     {"freed too early: input 2", "likewise; kept for all four ops alike, it costs nothing"}},
      .cuda_on_host = add_on_host<BatchNormAddRelu>,
  };
}

}  // namespace cg::test
