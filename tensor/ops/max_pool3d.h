// SPDX-License-Identifier: Apache-2.0
// 3D max-pooling; padding never wins. The winner's place in its window is kept as a byte, 0 … kernel³ − 1 in scan
// order. As in PyTorch, of equal values the first wins, and NaN wins over all numbers, of several NaN the last.
// Forward: y[p, c] = max over the window at p of x
// Backward: dx[q, c] = Σ of dy[p, c] over the windows p that q won
#pragma once

#include <limits>

#include "tensor/op.h"
#include "tensor/ops/require.h"
#include "tensor/ops/volume.h"

namespace cg {

/// The shape of a volume x after pooling.
/// Errors (usage): a window of more than 256 voxels; padding above half the window (a window without a voxel).
inline Shape plan_pool(std::string_view op, const Window& window, const Spec& x) {
  require_rank(op, "input", x, 5);
  if (window.size() > 256)
    refuse(op, {"the window has ", window.size(),
                " voxels, expected at most 256: the position of the maximum is stored in one byte"});
  for (std::size_t a = 0; a < 3; ++a)
    if (2 * window.padding[a] > window.kernel[a])
      refuse(op, {"padding ", window.padding[a], " is more than half of the window's ", window.kernel[a]});
  return window_output(op, x.shape, window, x.shape[4]);
}

/// Input: x [n, D, H, W, C]. Output: y [n, D', H', W', C]. Saved: the winner's tap, one byte per value of y.
struct MaxPool3d {
  Triple kernel = {3, 3, 3};
  Triple stride = {2, 2, 2};
  Triple padding = {1, 1, 1};

  static constexpr std::string_view name = "max_pool3d";
  static constexpr const char* input_names[] = {"x"};
  static constexpr const char* saved_names[] = {"winners"};
  Window window() const { return {kernel, stride, padding}; }

  Plan plan(std::span<const Spec> in) const {
    const Shape out = plan_pool(name, window(), in[0]);
    return {.outputs = {{out, in[0].dtype}}, .saved = {{out, DType::u8}}};
  }
};

/// Whether a window's next value takes the place of the best before it.
template <class T>
constexpr bool wins(T value, T best) {
  return value > best || value != value;
}

namespace reference {

/// y and winners for values `value(offset)` of a volume of shape `in`, compared before they are rounded to T.
template <class T, class Value>
void pool_forward(const VolumeShape& in, const Window& win, Tensor& output, Tensor& winners, const Value& value) {
  const auto y = output.data<T>();
  const auto taps = winners.data<std::uint8_t>();
  const VolumeShape out(output.shape());
#pragma omp parallel for collapse(2)
  for (Index n = 0; n < out.n; ++n)
    for (Index d = 0; d < out.depth; ++d)
      for (Index h = 0; h < out.height; ++h)
        for (Index v = 0; v < out.width; ++v)
          for (Index c = 0; c < out.channels; ++c) {
            bool first = true;
            Param<T> best(0);
            Index best_tap = 0;
            for_each_tap(in, win, d, h, v, [&](Index a, Index b, Index e, Index tap) {
              const Param<T> candidate = value(static_cast<std::size_t>(in.at(n, a, b, e) + c));
              if (!first && !wins(candidate, best)) return;
              first = false;
              best = candidate;
              best_tap = tap;
            });
            const auto at = static_cast<std::size_t>(out.at(n, d, h, v) + c);
            y[at] = static_cast<T>(best);
            taps[at] = static_cast<std::uint8_t>(best_tap);
          }
}

/// The gradient of every input value, in double, from the pooled gradients and the winners.
template <class T>
std::vector<double> pool_backward(const VolumeShape& in, const Window& win, const Tensor& grad_out,
                                  const Tensor& winners) {
  const auto dy = grad_out.data<T>();
  const auto taps = winners.data<std::uint8_t>();
  const VolumeShape out(grad_out.shape());
  std::vector<double> dx(static_cast<std::size_t>(in.voxels() * in.channels), 0.0);
  for (Index n = 0; n < out.n; ++n)
    for (Index d = 0; d < out.depth; ++d)
      for (Index h = 0; h < out.height; ++h)
        for (Index v = 0; v < out.width; ++v)
          for_each_tap(in, win, d, h, v, [&](Index a, Index b, Index e, Index tap) {
            for (Index c = 0; c < out.channels; ++c) {
              const auto at = static_cast<std::size_t>(out.at(n, d, h, v) + c);
              if (taps[at] == tap) dx[static_cast<std::size_t>(in.at(n, a, b, e) + c)] += static_cast<double>(dy[at]);
            }
          });
  return dx;
}

template <class T>
void forward(const MaxPool3d& op, Call& call) {
  const auto x = call.in[0].data<T>();
  pool_forward<T>(VolumeShape(call.in[0].shape()), op.window(), call.out[0], call.saved[0],
                  [&](std::size_t k) { return x[k]; });
}

template <class T>
void backward(const MaxPool3d& op, Call& call) {
  const auto sums =
      pool_backward<T>(VolumeShape(call.grad_in[0].shape()), op.window(), call.grad_out[0], call.saved[0]);
  const auto dx = call.grad_in[0].data<T>();
  for (std::size_t k = 0; k < dx.size(); ++k) dx[k] = static_cast<T>(sums[k]);
}

}  // namespace reference
}  // namespace cg
