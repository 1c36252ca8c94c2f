// SPDX-License-Identifier: Apache-2.0
// Test data of max_pool3d; formula in tensor/ops/max_pool3d.h.
#include "tensor/backend/cuda/ops/max_pool3d.h"

#include <algorithm>
#include <cmath>

#include "tensor/ops/max_pool3d.h"
#include "tests/support/host_kernels.h"
#include "tests/support/op_tests.h"
#include "tests/support/window_faults.h"

namespace cg::test {
namespace {

Example draw_max_pool3d(Draw& draw) {
  const Shape x = volume(draw, 5);
  const RandomWindow window(draw, x, true);
  return example(MaxPool3d{window.kernel, window.stride, window.padding}, {spaced_input(draw, x)});
}

/// Windows close to each other: with large strides nearly all of the gradient would be zero.
Example draw_large_max_pool3d(Draw& draw) {
  const Shape x = large_volume(draw);
  const RandomWindow window(draw, x, true);
  const Triple stride = {draw.size(1, 2), draw.size(1, 2), draw.size(1, 2)};
  return example(MaxPool3d{window.kernel, stride, window.padding}, {spaced_input(draw, x)});
}

std::vector<Misuse> max_pool3d_misuses() {
  const std::vector<Spec> x = {f32({2, 5, 5, 5, 3})};
  return {
      {erase(MaxPool3d{}), {f32({5, 5, 5, 3})}, {"[5, 5, 5, 3]", "5 axes"}},
      {erase(MaxPool3d{.kernel = {7, 7, 7}, .padding = {3, 3, 3}}), x, {"343", "at most 256"}},
      {erase(MaxPool3d{.padding = {1, 2, 1}}), x, {"padding 2", "half", "3"}},
      {erase(MaxPool3d{.kernel = {3, 6, 3}, .padding = {0, 0, 0}}), x, {"height is 5", "window is 6"}},
      {erase(MaxPool3d{.stride = {2, 2, 0}}), x, {"width", "stride 0", "expected at least"}},
  };
}

std::vector<Kink> max_pool3d_kinks() {
  const MaxPool3d cube = {{2, 2, 2}, {2, 2, 2}, {0, 0, 0}}, overhanging = {{3, 3, 3}, {2, 2, 2}, {1, 1, 1}};
  const MaxPool3d pairs = {{1, 1, 2}, {1, 1, 1}, {0, 0, 0}};  // of neighbours along the last dimension
  const auto volume_of = [](const std::vector<double>& numbers) { return ExampleInput{{1, 2, 2, 2, 1}, numbers}; };
  return {
      {"of a window of equal values the first tap wins",
       example(cube, {volume_of({5, 5, 5, 5, 5, 5, 5, 5})}),
       {3},
       {5},
       {{0, {3, 0, 0, 0, 0, 0, 0, 0}}}},
      {"of several largest values the first in scan order wins",
       example(cube, {volume_of({1, 2, 7, 3, 7, 7, 0, 7})}),
       {3},
       {7},
       {{0, {0, 0, 3, 0, 0, 0, 0, 0}}}},
      {"where the window hangs over the border the first voxel inside wins, however small",
       example(overhanging, {volume_of({-5, -5, -5, -5, -5, -5, -5, -5})}),
       {3},
       {-5},
       {{0, {3, 0, 0, 0, 0, 0, 0, 0}}}},
      {"each of two overlapping windows has its own first",
       example(pairs, {line({4, 4, 4})}),
       {1, 16},
       {4, 4},
       {{0, {1, 16, 0}}}},
      {"the last NaN of a window wins, infinity or not",
       example(cube, {volume_of({1, not_a_number, infinity, 3, not_a_number, infinity, 0, 5})}),
       {3},
       {not_a_number},
       {{0, {0, 0, 0, 0, 3, 0, 0, 0}}}},
      {"each of two overlapping windows sees NaN",
       example(pairs, {line({4, not_a_number, 5, 6})}),
       {1, 16, 32},
       {not_a_number, not_a_number, 6},
       {{0, {0, 17, 0, 32}}}},
      {"infinity wins over numbers, and of minus infinity alone the first",
       example(pairs, {line({4, infinity, -infinity, -infinity})}),
       {1, 16, 32},
       {infinity, infinity, -infinity},
       {{0, {0, 17, 32, 0}}}},
  };
}

std::vector<Fault> max_pool3d_faults() {
  using O = MaxPool3d;
  return {
      broken_forward<O>("wrong branch at a kink", "the last of equal values wins",
                        [](const O& op, Call& call) {
                          reference::forward<double>(op, call);
                          const auto x = call.in[0].data<double>(), y = call.out[0].data<double>();
                          const auto winners = call.saved[0].data<std::uint8_t>();
                          for_each_window_value(call.in[0].shape(), call.out[0].shape(), op.window(),
                                                [&](std::size_t k, std::size_t at, Index tap) {
                                                  if (x[k] == y[at]) winners[at] = static_cast<std::uint8_t>(tap);
                                                });
                        }),
      broken_forward<O>("wrong branch at a kink", "the first NaN wins",
                        [](const O& op, Call& call) {
                          reference::forward<double>(op, call);
                          const auto x = call.in[0].data<double>();
                          const auto winners = call.saved[0].data<std::uint8_t>();
                          std::vector<bool> met(winners.size());
                          for_each_window_value(call.in[0].shape(), call.out[0].shape(), op.window(),
                                                [&](std::size_t k, std::size_t at, Index tap) {
                                                  if (std::isnan(x[k]) && !met[at])
                                                    winners[at] = static_cast<std::uint8_t>(tap);
                                                  met[at] = met[at] || std::isnan(x[k]);
                                                });
                        }),
      broken_forward<O>("off-by-one padding", "padding counts as zeros, which may win",
                        [](const O& op, Call& call) {
                          reference::forward<double>(op, call);
                          const auto y = call.out[0].data<double>();
                          std::vector<Index> taps(y.size(), 0);
                          for_each_window_value(call.in[0].shape(), call.out[0].shape(), op.window(),
                                                [&](std::size_t, std::size_t at, Index) { ++taps[at]; });
                          for (std::size_t at = 0; at < y.size(); ++at)
                            if (taps[at] < op.window().size()) y[at] = std::max(y[at], 0.0);
                        }),
      broken_backward<O>("written instead of added", "a voxel that won several windows",
                         [](const O& op, Call& call) {
                           reference::backward<double>(op, call);
                           const auto dy = call.grad_out[0].data<double>(), dx = call.grad_in[0].data<double>();
                           const auto winners = call.saved[0].data<std::uint8_t>();
                           for_each_window_value(call.grad_in[0].shape(), call.grad_out[0].shape(), op.window(),
                                                 [&](std::size_t k, std::size_t at, Index tap) {
                                                   if (winners[at] == tap) dx[k] = dy[at];
                                                 });
                         }),
      broken_backward<O>("wrong operand", "every window's gradient goes to its first voxel",
                         [](const O& op, Call& call) {
                           std::vector<bool> met(call.grad_out[0].data<double>().size());
                           const auto dy = call.grad_out[0].data<double>(), dx = call.grad_in[0].data<double>();
                           std::fill(dx.begin(), dx.end(), 0.0);
                           for_each_window_value(call.grad_in[0].shape(), call.grad_out[0].shape(), op.window(),
                                                 [&](std::size_t k, std::size_t at, Index) {
                                                   if (!met[at]) dx[k] += dy[at];
                                                   met[at] = true;
                                                 });
                         }),
      backward_with<O>("off-by-one padding", "backward pads one voxel more", [](O& op) { ++op.padding[1]; }),
      backward_with<O>("swapped", "strides of depth and width", [](O& op) { std::swap(op.stride[0], op.stride[2]); }),
  };
}

}  // namespace

OpTests max_pool3d_tests() {
  return {
      .draw = draw_max_pool3d,
      .draw_large = draw_large_max_pool3d,
      .misuses = max_pool3d_misuses(),
      .kinks = max_pool3d_kinks(),
      .faults = max_pool3d_faults(),
      .cuda_on_host = add_on_host<MaxPool3d>,
  };
}

}  // namespace cg::test
