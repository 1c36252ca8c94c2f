// SPDX-License-Identifier: Apache-2.0
// Where windows lie over a volume: which voxels a window sees, and which windows see a voxel. Then the two passes of
// max-pooling over one row: the winner of a window, and the gradient that a voxel has won. Formula and the rule for
// equal values and NaN in tensor/ops/max_pool3d.h.
#pragma once

#include <algorithm>

#include "tensor/backend/cuda/block/divider.h"
#include "tensor/backend/cuda/block/lanes.h"
#include "tensor/backend/cuda/block/row_tiles.h"
#include "tensor/ops/max_pool3d.h"

namespace cg::cuda {

/// Numbers first … end − 1.
struct Range {
  int first, end;
};

/// Windows along one axis.
struct AxisWindows {
  int in, out, kernel, stride, padding;
  Divider by_stride;

  AxisWindows(Index extent_in, Index extent_out, Index kernel_, Index stride_, Index padding_)
      : in(static_cast<int>(extent_in)),
        out(static_cast<int>(extent_out)),
        kernel(static_cast<int>(kernel_)),
        stride(static_cast<int>(stride_)),
        padding(static_cast<int>(padding_)),
        by_stride(stride) {}
  /// The voxel under tap 0 of a window; below 0 in the padding.
  CG_HD int origin(int window) const { return window * stride - padding; }
  /// The taps of a window that lie inside the volume.
  CG_HD Range taps(int window) const { return {std::max(0, -origin(window)), std::min(kernel, in - origin(window))}; }
  /// The windows that see a voxel; window p sees it with tap voxel − origin(p).
  CG_HD Range windows(int voxel) const {
    const int from_end = voxel + padding - kernel;  // of the last window that has just passed
    return {from_end < 0 ? 0 : by_stride.divide(from_end) + 1, std::min(out, by_stride.divide(voxel + padding) + 1)};
  }
};

/// A voxel, or a window, of a batch.
struct Voxel {
  int n, d, h, w;
};

/// Windows over a batch of volumes; rows are numbered in the order of the channels-last layout.
struct PoolWindows {
  AxisWindows d, h, w;
  int channels;
  Divider in_d, in_h, in_w, out_d, out_h, out_w;
  Divider kernel_h, kernel_w;

  PoolWindows(const VolumeShape& in, const VolumeShape& out, const Window& window)
      : d(in.depth, out.depth, window.kernel[0], window.stride[0], window.padding[0]),
        h(in.height, out.height, window.kernel[1], window.stride[1], window.padding[1]),
        w(in.width, out.width, window.kernel[2], window.stride[2], window.padding[2]),
        channels(static_cast<int>(in.channels)),
        in_d(d.in),
        in_h(h.in),
        in_w(w.in),
        out_d(d.out),
        out_h(h.out),
        out_w(w.out),
        kernel_h(h.kernel),
        kernel_w(w.kernel) {}

  CG_HD Voxel voxel(int row) const { return split(row, in_d, in_h, in_w); }
  CG_HD Voxel window(int row) const { return split(row, out_d, out_h, out_w); }
  CG_HD int in_row(int n, int a, int b, int c) const { return ((n * d.in + a) * h.in + b) * w.in + c; }
  CG_HD int out_row(int n, int a, int b, int c) const { return ((n * d.out + a) * h.out + b) * w.out + c; }
  CG_HD int tap(int a, int b, int c) const { return (a * h.kernel + b) * w.kernel + c; }
  /// The row under a tap, given the row (or what would be it, in the padding) under tap 0.
  CG_HD int row_under(int tap, int origin) const {
    const int c = kernel_w.split(tap), b = kernel_h.split(tap);
    return origin + (tap * h.in + b) * w.in + c;
  }
  CG_HD int origin_row(const Voxel& p) const { return in_row(p.n, d.origin(p.d), h.origin(p.h), w.origin(p.w)); }

 private:
  CG_HD static Voxel split(int row, const Divider& by_d, const Divider& by_h, const Divider& by_w) {
    Voxel v;
    v.w = by_w.split(row);
    v.h = by_h.split(row);
    v.d = by_d.split(row);
    v.n = row;
    return v;
  }
};

/// The largest value of a window in each lane, and its tap.
template <int N>
struct Winners {
  Lanes<N> value;
  int tap[N];
};

/// Looks for the winners of window `p`. Values are compared as `value(x, lane)`; the first one starts as
/// `start(value)`, which may be larger: with a ReLU behind, max(0, ·), so that it holds against all that is below 0.
template <class T, int N, class Value, class Start>
CG_HD Winners<N> winners_of(const PoolWindows& windows, const Voxel& p, int channel, const T* x, const Value& value,
                            const Start& start) {
  const Range a_taps = windows.d.taps(p.d), b_taps = windows.h.taps(p.h), c_taps = windows.w.taps(p.w);
  const T* origin = x + static_cast<Index>(windows.origin_row(p)) * windows.channels + channel;
  const auto line_at = [&](int a, int b) {
    return origin + static_cast<Index>((a * windows.h.in + b) * windows.w.in) * windows.channels;
  };
  Winners<N> best;
  const int first_tap = windows.tap(a_taps.first, b_taps.first, c_taps.first);
  const auto first = load<N>(line_at(a_taps.first, b_taps.first) + c_taps.first * windows.channels);
  for (int j = 0; j < N; ++j) {
    best.value[j] = start(value(first, j));
    best.tap[j] = first_tap;
  }
  const auto compare = [&](const Lanes<N>& values, int tap) {
    for (int j = 0; j < N; ++j) {
      const float candidate = value(values, j);
      if (!wins(candidate, best.value[j])) continue;
      best.value[j] = candidate;
      best.tap[j] = tap;
    }
  };
  constexpr int batch = 3;  // a line of the usual window: its loads are on their way together
  for (int a = a_taps.first; a < a_taps.end; ++a)
    for (int b = b_taps.first; b < b_taps.end; ++b) {
      const T* line = line_at(a, b);
      const int tap = windows.tap(a, b, 0);
      int c = c_taps.first;
      for (; c + batch <= c_taps.end; c += batch) {
        Lanes<N> values[batch];
        unrolled<batch>([&](auto k) { values[k] = load<N>(line + (c + k) * windows.channels); });
        unrolled<batch>([&](auto k) { compare(values[k], tap + c + k); });
      }
      for (; c < c_taps.end; ++c) compare(load<N>(line + c * windows.channels), tap + c);
    }
  return best;
}

template <int N>
CG_HD void store_taps(const Winners<N>& winners, std::uint8_t* to) {
  Pack<std::uint8_t, N> pack;
  for (int j = 0; j < N; ++j) pack.v[j] = static_cast<std::uint8_t>(winners.tap[j]);
  store_pack(pack, to);
}

/// Σ of dy over the windows that voxel `q` won, lane by lane, in the order of the windows: a gather, so that no two
/// threads add to one number. At most 8 windows see a voxel where the stride is 2 and the window 3.
template <class T, int N>
CG_HD Lanes<N> won_gradient(const PoolWindows& windows, const Voxel& q, int channel, const T* dy,
                            const std::uint8_t* taps) {
  const Range ds = windows.d.windows(q.d), hs = windows.h.windows(q.h), ws = windows.w.windows(q.w);
  Lanes<N> sum{};
  constexpr int batch = 2;
  for (int a = ds.first; a < ds.end; ++a)
    for (int b = hs.first; b < hs.end; ++b)
      for (int c = ws.first; c < ws.end; c += batch) {
        Lanes<N> gradient[batch];
        Pack<std::uint8_t, N> winner[batch];
        unrolled<batch>([&](auto k) {
          const int row = windows.out_row(q.n, a, b, std::min(c + k, ws.end - 1));
          const Index at = static_cast<Index>(row) * windows.channels + channel;
          gradient[k] = load<N>(dy + at);
          winner[k] = load_pack<std::uint8_t, N>(taps + at);
        });
        unrolled<batch>([&](auto k) {
          if (c + k >= ws.end) return;
          const int tap =
              windows.tap(q.d - windows.d.origin(a), q.h - windows.h.origin(b), q.w - windows.w.origin(c + k));
          for (int j = 0; j < N; ++j)
            if (winner[k].v[j] == tap) sum[j] += gradient[k][j];
        });
      }
  return sum;
}

}  // namespace cg::cuda
