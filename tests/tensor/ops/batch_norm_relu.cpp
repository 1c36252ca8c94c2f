// SPDX-License-Identifier: Apache-2.0
// Test data of batch_norm_relu; formula in tensor/ops/batch_norm_relu.h, what normalising ops share in
// tests/support/norm_examples.h and norm_faults.h.
#include "tensor/ops/batch_norm_relu.h"

#include "tensor/backend/cuda/ops/batch_norm.h"
#include "tests/support/host_kernels.h"
#include "tests/support/norm_examples.h"
#include "tests/support/norm_faults.h"
#include "tests/support/op_tests.h"

namespace cg::test {
namespace {

std::vector<Kink> batch_norm_relu_kinks() {
  const BatchNormRelu norm_relu{as_it_is}, training_norm_relu{{}};
  return {
      {"no gradient passes where the normalised value is zero",
       example(norm_relu, normalised({-1, 0, 2, 0})),
       {8, 16, 1, 4},
       {0, 0, 2, 0},
       {{0, {0, 0, 1, 0}}, {1, {2}}, {2, {1}}}},
      {"NaN passes, and its gradient; infinity passes, minus infinity does not",
       example(norm_relu, normalised({not_a_number, infinity, -infinity, 2})),
       {8, 16, 1, 4},
       {not_a_number, infinity, 0, 2},
       {{0, {8, 16, 0, 4}}, {1, {not_a_number}}, {2, {28}}}},
      {"nor in training, where the mean is zero",
       example(training_norm_relu, normalised({-1, 0, 1, 1, 0, -1})),
       {8, 16, 1, 2, 4, 32},
       {0, 0, 1.224736, 1.224736, 0, 0},  // 1/√(2/3 + 1e-5)
       {{1, {3 * 1.224736}}, {2, {3}}}},
  };
}

std::vector<double> dy_of(const BatchNormRelu&, const Call& call) {
  const auto dy = call.grad_out[0].data<double>();
  return {dy.begin(), dy.end()};
}

}  // namespace

OpTests batch_norm_relu_tests() {
  return {
      .draw = draw_norm<BatchNormRelu>,
      .draw_large = draw_large_norm<BatchNormRelu>,
      .misuses = norm_misuses(erase(BatchNormRelu{})),
      .kinks = batch_norm_relu_kinks(),
      .faults = joined({norm_faults<BatchNormRelu>(), norm_recompute_faults<BatchNormRelu>(), norm_mask_faults(dy_of)}),
      .cuda_on_host = add_on_host<BatchNormRelu>,
  };
}

}  // namespace cg::test
