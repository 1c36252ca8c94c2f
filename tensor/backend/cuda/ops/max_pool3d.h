// SPDX-License-Identifier: Apache-2.0
// 3D max-pooling with the winner's tap as a byte; formula in tensor/ops/max_pool3d.h, windows in pool_windows.h.
#pragma once

#include "tensor/backend/cuda/ops/op_kernel.h"
#include "tensor/backend/cuda/ops/pool_windows.h"
#include "tensor/ops/max_pool3d.h"

namespace cg::cuda {

/// Rows a thread takes: they are neighbours, so that a block's voxels stay in the L1 cache.
inline constexpr int pool_rounds = 4;

/// The tiles of a kernel whose rows are windows, voxels or cells.
template <class T>
RowTiles pool_tiles(Index rows, Index channels) {
  return with_width<T>(channels, [&]<int N>() { return RowTiles(rows, channels, N, pool_rounds, rows); });
}

/// Bound by memory: reads x from DRAM once (a voxel is seen by 27/8 windows, the others find it in a cache), writes y
/// and taps; some 6 instructions a tap and channel, which take as long.
template <class T, int N>
struct PoolForward {
  static constexpr int threads = RowTiles::threads;
  using Shared = Nothing;

  RowTiles tiles;
  PoolWindows windows;
  const T* x;
  T* y;
  std::uint8_t* taps;

  template <class Block>
  CG_HD void operator()(Block& block, Shared&) const {
    block.finish([&](int thread) {
      const Place place = tiles.place(block.index(), thread, N);
      if (!place.active) return;
      const auto same = [](float value) { return value; };
      const auto value = [](const Lanes<N>& values, int j) { return values[j]; };
      for (int row = place.row; row < place.end; row += place.lanes) {
        const auto best = winners_of<T, N>(windows, windows.window(row), place.channel, x, value, same);
        const Index at = static_cast<Index>(row) * tiles.channels + place.channel;
        store(best.value, y + at);
        store_taps(best, taps + at);
      }
    });
  }
};

/// Bound by memory: writes dx and reads dy and taps, an eighth of dx each; the windows that see a voxel find them in a
/// cache.
template <class T, int N>
struct PoolBackward {
  static constexpr int threads = RowTiles::threads;
  using Shared = Nothing;

  RowTiles tiles;
  PoolWindows windows;
  const T* dy;
  const std::uint8_t* taps;
  T* dx;

  template <class Block>
  CG_HD void operator()(Block& block, Shared&) const {
    block.finish([&](int thread) {
      const Place place = tiles.place(block.index(), thread, N);
      if (!place.active) return;
      for (int row = place.row; row < place.end; row += place.lanes) {
        const auto won = won_gradient<T, N>(windows, windows.voxel(row), place.channel, dy, taps);
        store(won, dx + static_cast<Index>(row) * tiles.channels + place.channel);
      }
    });
  }
};

template <class T, class Launch>
struct OpKernel<MaxPool3d, T, Launch> {
  static Kernel<MaxPool3d> get() { return {forward, backward, nullptr, nullptr}; }

  static void forward(const MaxPool3d& op, Call& call) {
    const VolumeShape in(call.in[0].shape()), out(call.out[0].shape());
    const RowTiles tiles = pool_tiles<T>(out.voxels(), out.channels);
    with_width<T>(out.channels, [&]<int N>() {
      Launch{call}(tiles.blocks(),
                   PoolForward<T, N>{tiles, PoolWindows(in, out, op.window()), pointer<const T>(call.in[0]),
                                     pointer<T>(call.out[0]), pointer<std::uint8_t>(call.saved[0])});
    });
  }

  static void backward(const MaxPool3d& op, Call& call) {
    const VolumeShape in(call.grad_in[0].shape()), out(call.grad_out[0].shape());
    const RowTiles tiles = pool_tiles<T>(in.voxels(), in.channels);
    with_width<T>(in.channels, [&]<int N>() {
      Launch{call}(tiles.blocks(),
                   PoolBackward<T, N>{tiles, PoolWindows(in, out, op.window()), pointer<const T>(call.grad_out[0]),
                                      pointer<const std::uint8_t>(call.saved[0]), pointer<T>(call.grad_in[0])});
    });
  }
};

}  // namespace cg::cuda
