// SPDX-License-Identifier: Apache-2.0
// The end of the stem on the CPU: batch norm, ReLU and max-pool in one pass over the largest volume of the network;
// only the pooled values and a byte a window are written. Formula in tensor/ops/batch_norm_relu_max_pool.h.
#include <algorithm>
#include <limits>

#include "tensor/backend/cpu/kernels.h"
#include "tensor/backend/cpu/lanes.h"
#include "tensor/backend/cpu/norm_loops.h"

namespace cg::cpu {
namespace {

/// The backward sums over the windows: with stride 1 and padding there are more of them than voxels.
template <class T>
Workspace workspace(const BatchNormReluMaxPool& op, const WorkspaceQuery& query) {
  const Shape windows = op.plan(query.in).outputs[0].shape;
  return {.forward = norm_workspace<T>(query.in[0].shape).forward,
          .backward = norm_workspace<T>(windows).backward,
          .recompute = 0};
}

/// The voxels under one window: where their channels begin, and which tap each is.
struct Taps {
  static constexpr Index most = 256;  // as the winner is a byte
  Index number = 0, from[most];
  std::int32_t tap[most];

  void find(const VolumeShape& in, const Window& window, Index n, Index d, Index h, Index w) {
    number = 0;
    for_each_tap(in, window, d, h, w, [&](Index a, Index b, Index e, Index at) {
      from[number] = in.at(n, a, b, e);
      tap[number++] = static_cast<std::int32_t>(at);
    });
  }
};

/// The largest normalised value under a window and the tap it came from, by the rule of max_pool3d.h. The first tap
/// starts with 0 as its value: so it holds against all that the ReLU makes 0, and every window has a winner. Channels
/// c … c + lanes − 1: the best so far stays in registers. Of NaN only the last tap is noted, apart from the best, which
/// each comparison waits for.
template <class T>
void pool_lanes(const Taps& taps, const T* x, const ScaleShift& affine, Index c, T* y, std::uint8_t* winners) {
  Floats scale, shift, value, best = {};
  Integers winner = Integers{} + taps.tap[0], last_nan = Integers{} - 1;
  load(scale, affine.scale.data() + c);
  load(shift, affine.shift.data() + c);
  for (Index k = 0; k < taps.number; ++k) {
    load(value, x + taps.from[k] + c);
    value = scale * value + shift;
    const Integers better = value > best, tap = Integers{} + taps.tap[k];
    winner = better ? tap : winner;
    best = better ? value : best;
    last_nan = value != value ? tap : last_nan;
  }
  const Integers seen = last_nan >= 0;
  store(y + c, seen ? Floats{} + std::numeric_limits<float>::quiet_NaN() : best);
  store(winners + c, seen ? last_nan : winner);
}

/// The same for one channel.
template <class T>
void pool_one(const Taps& taps, const T* x, const ScaleShift& affine, Index c, T* y, std::uint8_t* winners) {
  const float scale = affine.scale[static_cast<std::size_t>(c)], shift = affine.shift[static_cast<std::size_t>(c)];
  float best = 0;
  std::int32_t winner = taps.tap[0];
  for (Index k = 0; k < taps.number; ++k) {
    const float value = scale * static_cast<float>(x[taps.from[k] + c]) + shift;
    if (!wins(value, best)) continue;
    best = value;
    winner = taps.tap[k];
  }
  y[c] = best;
  winners[c] = static_cast<std::uint8_t>(winner);
}

template <class T>
void forward(const BatchNormReluMaxPool& op, Call& call) {
  norm_statistics<T>(op.norm, call);
  const ScaleShift affine(call);
  const VolumeShape in(call.in[0].shape()), out(call.out[0].shape());
  const Window window = op.pool.window();
  const T* x = call.in[0].data<T>().data();
  T* y = call.out[0].data<T>().data();
  std::uint8_t* winners = call.saved[2].data<std::uint8_t>().data();
#pragma omp parallel
  {
    Taps taps;
#pragma omp for collapse(3) schedule(static)
    for (Index n = 0; n < out.n; ++n)
      for (Index d = 0; d < out.depth; ++d)
        for (Index h = 0; h < out.height; ++h)
          for (Index w = 0; w < out.width; ++w) {
            taps.find(in, window, n, d, h, w);
            const Index at = out.at(n, d, h, w);
            Index c = 0;
            for (; c + lanes <= in.channels; c += lanes) pool_lanes(taps, x, affine, c, y + at, winners + at);
            for (; c < in.channels; ++c) pool_one(taps, x, affine, c, y + at, winners + at);
          }
  }
}

/// The windows along one axis that cover input position i, as pairs (window, tap).
struct Covering {
  static constexpr Index most = 256;  // a window has at most so many taps, as its winner is a byte
  Index windows[most], taps[most], number = 0;
  Covering(Index i, Index extent_out, Index kernel, Index stride, Index padding) {
    for (Index tap = 0; tap < kernel; ++tap) {
      const Index from = i + padding - tap;
      if (from < 0 || from % stride != 0 || from / stride >= extent_out) continue;
      windows[number] = from / stride;
      taps[number++] = tap;
    }
  }
};

/// Sums the gradients of the windows that a voxel won, channel by channel: a gather, so the order is fixed.
template <class T>
class WonGradient {
 public:
  WonGradient(const VolumeShape& in, const VolumeShape& out, const Window& window, const T* dy,
              const std::uint8_t* taps)
      : in_(in), out_(out), window_(window), dy_(dy), taps_(taps) {
    const Index extents_in[] = {in.depth, in.height, in.width}, extents_out[] = {out.depth, out.height, out.width};
    for (std::size_t a = 0; a < 3; ++a)
      for (Index i = 0; i < extents_in[a]; ++i)
        covering_[a].emplace_back(i, extents_out[a], window.kernel[a], window.stride[a], window.padding[a]);
  }

  void gather(Index row, float* g) const {
    const Index channels = in_.channels;
    const Index w = row % in_.width, h = row / in_.width % in_.height, d = row / (in_.width * in_.height) % in_.depth;
    const Index n = row / (in_.width * in_.height * in_.depth);
    std::fill_n(g, channels, 0.0f);
    const Covering &cd = at(0, d), &ch = at(1, h), &cw = at(2, w);
    for (Index a = 0; a < cd.number; ++a)
      for (Index b = 0; b < ch.number; ++b)
        for (Index e = 0; e < cw.number; ++e) {
          const Index p = out_.at(n, cd.windows[a], ch.windows[b], cw.windows[e]);
          const auto tap =
              static_cast<std::uint8_t>((cd.taps[a] * window_.kernel[1] + ch.taps[b]) * window_.kernel[2] + cw.taps[e]);
          const T* dy = dy_ + p;
          const std::uint8_t* taps = taps_ + p;
#pragma omp simd
          for (Index c = 0; c < channels; ++c) g[c] += taps[c] == tap ? static_cast<float>(dy[c]) : 0.0f;
        }
  }

 private:
  const Covering& at(std::size_t axis, Index i) const { return covering_[axis][static_cast<std::size_t>(i)]; }
  const VolumeShape &in_, &out_;
  const Window& window_;
  const T* dy_;
  const std::uint8_t* taps_;
  std::vector<Covering> covering_[3];
};

/// Σ g and Σ g x̂ over the winners alone, an eighth of the volume: all other gradients are zero.
template <class T>
std::vector<double> winners_sums(const VolumeShape& in, const VolumeShape& out, const Window& window, Call& call,
                                 const ScaleShift& affine) {
  std::vector<Index> from_origin;  // of each tap, from the window's first voxel
  for (Index a = 0; a < window.kernel[0]; ++a)
    for (Index b = 0; b < window.kernel[1]; ++b)
      for (Index e = 0; e < window.kernel[2]; ++e) from_origin.push_back(in.at(0, a, b, e));
  const T *x = call.in[0].data<T>().data(), *dy = call.grad_out[0].data<T>().data();
  const std::uint8_t* taps = call.saved[2].data<std::uint8_t>().data();
  const float *scale = affine.scale.data(), *shift = affine.shift.data();
  const Rows pooled(call.grad_out[0].shape(), size_of(dtype_of<T>()));
  return gradient_sums(pooled, call, [&](Index r, float* values, float* g) {
    const Index w = r % out.width, h = r / out.width % out.height, d = r / (out.width * out.height) % out.depth;
    const Index n = r / (out.width * out.height * out.depth);
    const Index origin = in.at(n, d * window.stride[0] - window.padding[0], h * window.stride[1] - window.padding[1],
                               w * window.stride[2] - window.padding[2]);
    const std::uint8_t* tap = taps + r * pooled.channels;
    const T* dyr = dy + r * pooled.channels;
    for (Index c = 0; c < pooled.channels; ++c) values[c] = static_cast<float>(x[origin + from_origin[tap[c]] + c]);
#pragma omp simd
    for (Index c = 0; c < pooled.channels; ++c)
      g[c] = passed(scale[c] * values[c] + shift[c], static_cast<float>(dyr[c]));
  });
}

template <class T>
void backward(const BatchNormReluMaxPool& op, Call& call) {
  const VolumeShape in(call.in[0].shape()), out(call.grad_out[0].shape());
  const Window window = op.pool.window();
  const ScaleShift affine(call);
  const std::vector<double> sums = winners_sums<T>(in, out, window, call, affine);
  const WonGradient<T> won(in, out, window, call.grad_out[0].data<T>().data(),
                           call.saved[2].data<std::uint8_t>().data());
  const float *scale = affine.scale.data(), *shift = affine.shift.data();
  const Index channels = in.channels;
  write_gradients<T>(op.norm, call, sums, [&, scale, shift, channels](Index r, const T* x, float* g) {
    won.gather(r, g);
#pragma omp simd
    for (Index c = 0; c < channels; ++c) g[c] = passed(scale[c] * static_cast<float>(x[c]) + shift[c], g[c]);
  });
}

template <class T>
constexpr Kernel<BatchNormReluMaxPool> in_type = {forward<T>, backward<T>, nullptr, workspace<T>};

}  // namespace

Kernel<BatchNormReluMaxPool> kernel(OpIn<BatchNormReluMaxPool, float>) { return in_type<float>; }
Kernel<BatchNormReluMaxPool> kernel(OpIn<BatchNormReluMaxPool, bfloat16>) { return in_type<bfloat16>; }

}  // namespace cg::cpu
