// SPDX-License-Identifier: Apache-2.0
// Test data of batch_norm_relu_max_pool; formula in tensor/ops/batch_norm_relu_max_pool.h, what normalising ops
// share in tests/support/norm_examples.h and norm_faults.h.
#include "tensor/backend/cuda/ops/batch_norm_relu_max_pool.h"

#include <algorithm>
#include <cmath>

#include "tensor/ops/batch_norm_relu_max_pool.h"
#include "tests/support/host_kernels.h"
#include "tests/support/norm_examples.h"
#include "tests/support/norm_faults.h"
#include "tests/support/op_tests.h"
#include "tests/support/window_faults.h"

namespace cg::test {
namespace {

Example draw_norm_relu_max_pool_of(Draw& draw, const Shape& x, double nearer) {
  const NormAttributes norm = norm_attributes(draw);
  RandomWindow window(draw, x, true);
  if (draw.size(0, 1)) window.as_in_stem(draw, x);
  for (;;) {
    auto in = norm_inputs(draw, x);
    for (double& beta : in[2].numbers) beta = std::abs(beta);  // so that most windows have a winner above zero
    if (kink_distance(norm, in) > margin / nearer)
      return example(BatchNormReluMaxPool{norm, {window.kernel, window.stride, window.padding}}, std::move(in));
  }
}

Example draw_norm_relu_max_pool(Draw& draw) { return draw_norm_relu_max_pool_of(draw, norm_volume(draw, 4), 10); }
Example draw_large_norm_relu_max_pool(Draw& draw) { return draw_norm_relu_max_pool_of(draw, large_volume(draw), 2e3); }

std::vector<Misuse> norm_relu_max_pool_misuses() {
  std::vector<Misuse> all = norm_misuses(erase(BatchNormReluMaxPool{}));
  all.push_back({erase(BatchNormReluMaxPool{}), norm_specs({2, 4}), {"[2, 4]", "5 axes"}});
  all.push_back({erase(BatchNormReluMaxPool{{}, {.padding = {1, 1, 2}}}),
                 norm_specs({2, 5, 5, 5, 3}),
                 {"padding 2", "half", "3"}});
  return all;
}

std::vector<Kink> norm_relu_max_pool_kinks() {
  const MaxPool3d pairs = {{1, 1, 2}, {1, 1, 1}, {0, 0, 0}};  // of neighbours along the last dimension
  const BatchNormReluMaxPool norm_pool{as_it_is, pairs};
  return {
      {"of equal values the first wins, window by window",
       example(norm_pool, normalised({2, 2, 2, 1, 3, 3})),
       {1, 2, 4, 8, 16},
       {2, 2, 2, 3, 3},
       {{0, {1, 2, 4, 0, 24, 0}}, {1, {2 * 7 + 3 * 24}}, {2, {31}}}},
      {"a window without a value above zero passes no gradient",
       example(norm_pool, normalised({-1, 0, 0, -2, 1})),
       {8, 16, 32, 1},
       {0, 0, 0, 1},
       {{0, {0, 0, 0, 0, 1}}, {1, {1}}, {2, {1}}}},
      {"NaN wins each window that sees it, then infinity",
       example(norm_pool, normalised({1, not_a_number, 3, infinity, 2})),
       {1, 2, 4, 8},
       {not_a_number, not_a_number, infinity, infinity},
       {{0, {0, 3, 0, 12, 0}}, {1, {not_a_number}}, {2, {15}}}},
  };
}

std::vector<Fault> pool_faults() {
  using O = BatchNormReluMaxPool;
  return {
      broken_forward<O>("wrong branch at a kink", "the last of equal values wins",
                        [](const O& op, Call& call) {
                          reference::forward<double>(op, call);
                          const reference::Normalised<double> bn(call);
                          const auto y = call.out[0].data<double>();
                          const auto winners = call.saved[2].data<std::uint8_t>();
                          for_each_window_value(call.in[0].shape(), call.saved[2].shape(), op.pool.window(),
                                                [&](std::size_t x, std::size_t at, Index tap) {
                                                  if (std::max(bn.value(x), 0.0) == y[at])
                                                    winners[at] = static_cast<std::uint8_t>(tap);
                                                });
                        }),
      broken_backward<O>("written instead of added", "a voxel that won several windows",
                         [](const O& op, Call& call) {
                           const reference::Normalised<double> bn(call);
                           const auto dy = call.grad_out[0].data<double>();
                           const auto winners = call.saved[2].data<std::uint8_t>();
                           std::vector<double> g(bn.x.size(), 0.0);
                           for_each_window_value(call.in[0].shape(), call.saved[2].shape(), op.pool.window(),
                                                 [&](std::size_t x, std::size_t at, Index tap) {
                                                   if (winners[at] == tap && bn.value(x) > 0) g[x] = dy[at];
                                                 });
                           reference::norm_backward<double>(op.norm, call, [&](std::size_t k) { return g[k]; });
                         }),
      broken_backward<O>("off-by-one padding", "backward pads one voxel more",
                         [](const O& op, Call& call) {
                           O changed = op;
                           for (Index& p : changed.pool.padding) ++p;
                           reference::backward<double>(changed, call);
                         }),
  };
}

/// The gradient of every value before the pool.
std::vector<double> gradient_of_pool(const BatchNormReluMaxPool& op, const Call& call) {
  return reference::pool_backward<double>(VolumeShape(call.in[0].shape()), op.pool.window(), call.grad_out[0],
                                          call.saved[2]);
}

}  // namespace

OpTests batch_norm_relu_max_pool_tests() {
  return {
      .draw = draw_norm_relu_max_pool,
      .draw_large = draw_large_norm_relu_max_pool,
      .misuses = norm_relu_max_pool_misuses(),
      .kinks = norm_relu_max_pool_kinks(),
      .faults = joined({norm_faults<BatchNormReluMaxPool>(), norm_mask_faults(gradient_of_pool), pool_faults()}),
      .cuda_on_host = add_on_host<BatchNormReluMaxPool>,
  };
}

}  // namespace cg::test
