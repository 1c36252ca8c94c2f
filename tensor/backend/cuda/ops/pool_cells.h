// SPDX-License-Identifier: Apache-2.0
// The gradient that max-pooling brings, for windows of 3³ with stride 2, as the network's stem has them: eight voxels
// together. Cell p of an axis holds the voxels under taps 1 and 2 of window p; the second lies under tap 0 of window
// p + 1 as well. With padding 1, along one axis of 6 voxels:
//
//   voxel         0   1   2   3   4   5
//   window 0  0   1   2                       its taps 0, 1, 2
//   window 1          0   1   2
//   window 2                  0   1   2
//   cell        |   0   |   1   |   2   |
//
// So along an axis the first voxel of a cell sees one window and the second sees two: (1 + 2)³ = 27 pairs of a voxel
// and one of eight windows, whose taps are known to the compiler. One voxel at a time (pool_windows.h) the same windows
// are loaded 27 times, for three times as many instructions.
#pragma once

#include "tensor/backend/cuda/ops/pool_windows.h"

namespace cg::cuda {

/// Cells along one axis: first … first + number − 1.
struct AxisCells {
  int first, number;
  explicit AxisCells(const AxisWindows& axis)
      : first(axis.padding - 1), number((axis.in - 2 + axis.padding) / 2 - first + 1) {}
};

/// The nearest of 0 … extent − 1. What lies outside is loaded from the border and not used: that is cheaper than a
/// branch, behind which a load would wait for those before it.
CG_HD int clamped(int i, int extent) { return std::min(std::max(i, 0), extent - 1); }

/// The row of a voxel of a cell, or of its neighbour where it lies outside of the volume.
struct CellVoxel {
  int row;
  bool inside;
};

/// All cells of a batch; rows are numbered as voxels are.
struct PoolCells {
  PoolWindows windows;
  AxisCells d, h, w;
  Divider by_d, by_h, by_w;

  explicit PoolCells(const PoolWindows& windows_)
      : windows(windows_), d(windows.d), h(windows.h), w(windows.w), by_d(d.number), by_h(h.number), by_w(w.number) {}
  static bool fit(const Window& window) { return window.kernel == Triple{3, 3, 3} && window.stride == Triple{2, 2, 2}; }
  Index rows(Index samples) const { return samples * d.number * h.number * w.number; }

  CG_HD Voxel cell(int row) const {
    Voxel p;
    p.w = w.first + by_w.split(row);
    p.h = h.first + by_h.split(row);
    p.d = d.first + by_d.split(row);
    p.n = row;
    return p;
  }
  /// Voxel (layer, v / 2, v % 2) of a cell.
  CG_HD CellVoxel voxel(const Voxel& cell, int layer, int v) const {
    const int a = windows.d.origin(cell.d) + 1 + layer, b = windows.h.origin(cell.h) + 1 + v / 2,
              c = windows.w.origin(cell.w) + 1 + v % 2;
    const int a_in = clamped(a, windows.d.in), b_in = clamped(b, windows.h.in), c_in = clamped(c, windows.w.in);
    return {windows.in_row(cell.n, a_in, b_in, c_in), a == a_in && b == b_in && c == c_in};
  }
};

/// What each of the four voxels of a cell's layer (d = 0 or 1) has won.
template <int N>
struct LayerGradients {
  Lanes<N> of_voxel[4];
};

/// Four windows, the corners (p.h or p.h + 1, p.w or p.w + 1) at one depth: their gradients and winners. Where there is
/// no such window no tap has won. The loads of all four are on their way together.
template <class T, int N>
struct SeenWindows {
  Lanes<N> gradient[4];
  Pack<std::uint8_t, N> winner[4];

  CG_HD SeenWindows(const PoolWindows& windows, const Voxel& p, int channel, const T* dy, const std::uint8_t* taps) {
    const int d = clamped(p.d, windows.d.out);
    unrolled<4>([&](auto k) {
      const int h = clamped(p.h + k / 2, windows.h.out), w = clamped(p.w + k % 2, windows.w.out);
      const Index at = static_cast<Index>(windows.out_row(p.n, d, h, w)) * windows.channels + channel;
      gradient[k] = load<N>(dy + at);
      winner[k] = load_pack<std::uint8_t, N>(taps + at);
      const bool inside = d == p.d && h == p.h + k / 2 && w == p.w + k % 2;
      for (int j = 0; j < N; ++j) winner[k].v[j] = inside ? winner[k].v[j] : 0xFF;
    });
  }

  /// Adds what a layer's voxels have won, where they are under these windows' taps a = `tap_d`.
  template <int tap_d>
  CG_HD void add_to(LayerGradients<N>& won) const {
    unrolled<4>([&](auto k) {
      unrolled<4>([&](auto v) {
        constexpr int b = k / 2, c = k % 2, of_h = v / 2, of_w = v % 2;
        if constexpr (of_h >= b && of_w >= c) {
          constexpr int tap = (tap_d * 3 + (b ? 0 : of_h + 1)) * 3 + (c ? 0 : of_w + 1);
          for (int j = 0; j < N; ++j)
            if (winner[k].v[j] == tap) won.of_voxel[v][j] += gradient[k][j];
        }
      });
    });
  }
};

/// Calls write(layer, gradients) for both layers of a cell, the first before the second is looked at: so half as many
/// numbers are held at a time. Sums go in the order of the windows.
template <class T, int N, class Write>
CG_HD void for_each_layer(const PoolWindows& windows, const Voxel& cell, int channel, const T* dy,
                          const std::uint8_t* taps, const Write& write) {
  const SeenWindows<T, N> near(windows, cell, channel, dy, taps);
  LayerGradients<N> first{};
  near.template add_to<1>(first);
  write(0, first);
  LayerGradients<N> second{};
  near.template add_to<2>(second);
  const SeenWindows<T, N> far(windows, {cell.n, cell.d + 1, cell.h, cell.w}, channel, dy, taps);
  far.template add_to<0>(second);
  write(1, second);
}

}  // namespace cg::cuda
