// SPDX-License-Identifier: Apache-2.0
// 3D convolution (cross-correlation, as in PyTorch), without bias. p, q and k are positions in three dimensions.
// Forward:
//   y[n, p, o] = Σ_{k, i} x[n, p·stride − padding + k, i] · w[o, k, i]
// Backward:
//   dx[n, q, i] = Σ_{p, k: p·stride − padding + k = q} Σ_o dy[n, p, o] · w[o, k, i]
//   dw[o, k, i] = Σ_{n, p} dy[n, p, o] · x[n, p·stride − padding + k, i]
#pragma once

#include <algorithm>

#include "tensor/op.h"
#include "tensor/ops/require.h"
#include "tensor/ops/volume.h"
#include "tensor/parallel.h"

namespace cg {

/// Inputs: x [n, D, H, W, I], w [O, kD, kH, kW, I]. Output: y [n, D', H', W', O].
/// Errors (usage): channels that differ, a window larger than the padded volume.
struct Conv3d {
  Triple stride = {1, 1, 1};
  Triple padding = {0, 0, 0};
  bool recomputed = false;  ///< y is not kept for the backward pass, but computed again

  static constexpr std::string_view name = "conv3d";
  static constexpr const char* input_names[] = {"x", "w"};
  Window window(const Shape& weight) const { return {{weight[1], weight[2], weight[3]}, stride, padding}; }

  Plan plan(std::span<const Spec> in) const {
    require_rank(name, "input", in[0], 5);
    require_rank(name, "weight", in[1], 5);
    const Shape &x = in[0].shape, &w = in[1].shape;
    if (x[4] != w[4])
      refuse(name, {"input has ", x[4], " channels, but weight expects ", w[4]},
             "Give the layer as many input channels as the layer before it has outputs.");
    require_parameter(name, "weight", in[1], w, in[0].dtype);
    return {.outputs = {{window_output(name, x, window(w), w[0]), in[0].dtype}},
            .saved = {},
            .saved_inputs = 0b11,
            .recomputable = recomputed ? 1u : 0u};
  }
};

namespace reference {

template <class T>
void forward(const Conv3d& op, Call& call) {
  const auto x = call.in[0].data<T>();
  const auto w = call.in[1].data<Param<T>>();
  const auto y = call.out[0].data<T>();
  const VolumeShape in(call.in[0].shape()), out(call.out[0].shape());
  const Window win = op.window(call.in[1].shape());
#pragma omp parallel for collapse(3)
  for (Index n = 0; n < out.n; ++n)
    for (Index d = 0; d < out.depth; ++d)
      for (Index h = 0; h < out.height; ++h)
        for (Index v = 0; v < out.width; ++v)
          for (Index o = 0; o < out.channels; ++o) {
            double sum = 0;
            for_each_tap(in, win, d, h, v, [&](Index a, Index b, Index c, Index tap) {
              const T* xs = &x[static_cast<std::size_t>(in.at(n, a, b, c))];
              const Param<T>* ws = &w[static_cast<std::size_t>((o * win.size() + tap) * in.channels)];
#pragma omp simd reduction(+ : sum)
              for (Index i = 0; i < in.channels; ++i) sum += static_cast<double>(xs[i]) * static_cast<double>(ws[i]);
            });
            y[static_cast<std::size_t>(out.at(n, d, h, v) + o)] = static_cast<T>(sum);
          }
}

template <class T>
void recompute(const Conv3d& op, Call& call) {
  forward<T>(op, call);
}

/// Both gradients by the formulas above: dx scattered within each sample, dw gathered for each output channel.
template <class T>
void backward(const Conv3d& op, Call& call) {
  const auto x = call.in[0].data<T>();
  const auto w = call.in[1].data<Param<T>>();
  const auto dy = call.grad_out[0].data<T>();
  const VolumeShape in(call.in[0].shape()), out(call.grad_out[0].shape());
  const Window win = op.window(call.in[1].shape());
  // body(sample, input offset, output offset, tap) for every product of the forward of one sample
  const auto for_each_product = [&](Index n, const auto& body) {
    for (Index d = 0; d < out.depth; ++d)
      for (Index h = 0; h < out.height; ++h)
        for (Index v = 0; v < out.width; ++v)
          for_each_tap(in, win, d, h, v, [&](Index a, Index b, Index c, Index tap) {
            body(static_cast<std::size_t>(in.at(n, a, b, c)), static_cast<std::size_t>(out.at(n, d, h, v)), tap);
          });
  };
  const auto weights_of = [&](Index o, Index tap) {
    return static_cast<std::size_t>((o * win.size() + tap) * in.channels);
  };
  RegionErrors errors;
  if (call.grad_in[0]) {
    const auto dx = call.grad_in[0].data<T>();
    const std::size_t sample = dx.size() / static_cast<std::size_t>(in.n);
    const auto write_sample = [&](Index n) {
      std::vector<double> sum(sample, 0.0);
      const std::size_t first = static_cast<std::size_t>(n) * sample;
      for_each_product(n, [&](std::size_t xs, std::size_t ys, Index tap) {
        for (Index o = 0; o < out.channels; ++o) {
          const auto g = static_cast<double>(dy[ys + static_cast<std::size_t>(o)]);
          for (Index i = 0; i < in.channels; ++i)
            sum[xs - first + static_cast<std::size_t>(i)] +=
                g * static_cast<double>(w[weights_of(o, tap) + static_cast<std::size_t>(i)]);
        }
      });
      for (std::size_t k = 0; k < sample; ++k) dx[first + k] = static_cast<T>(sum[k]);
    };
#pragma omp parallel for
    for (Index n = 0; n < in.n; ++n) errors.guard([&] { write_sample(n); });
  }
  if (call.grad_in[1]) {
    const auto dw = call.grad_in[1].data<Param<T>>();
    const auto filter = static_cast<std::size_t>(win.size() * in.channels);
    const auto write_filter = [&](Index o) {
      std::vector<double> sum(filter, 0.0);
      for (Index n = 0; n < in.n; ++n)
        for_each_product(n, [&](std::size_t xs, std::size_t ys, Index tap) {
          const auto g = static_cast<double>(dy[ys + static_cast<std::size_t>(o)]);
          for (Index i = 0; i < in.channels; ++i)
            sum[static_cast<std::size_t>(tap * in.channels + i)] +=
                g * static_cast<double>(x[xs + static_cast<std::size_t>(i)]);
        });
      for (std::size_t k = 0; k < filter; ++k)
        dw[static_cast<std::size_t>(o) * filter + k] = static_cast<Param<T>>(sum[k]);
    };
#pragma omp parallel for
    for (Index o = 0; o < out.channels; ++o) errors.guard([&] { write_filter(o); });
  }
  errors.rethrow();
}

}  // namespace reference
}  // namespace cg
