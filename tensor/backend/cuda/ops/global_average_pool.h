// SPDX-License-Identifier: Apache-2.0
// The mean over all positions; formula in tensor/ops/global_average_pool.h. Forward: segment_sums.h, a segment a
// sample. Backward bound by memory: writes dx, 2 bytes an element in bfloat16.
#pragma once

#include "tensor/backend/cuda/block/divider.h"
#include "tensor/backend/cuda/block/segment_sums.h"
#include "tensor/backend/cuda/ops/op_kernel.h"
#include "tensor/ops/global_average_pool.h"

namespace cg::cuda {

/// dx[n, p, c] = dy[n, c] / m
template <class T, int N>
struct SpreadGradient {
  static constexpr int threads = RowTiles::threads;
  using Shared = Nothing;

  RowTiles tiles;
  Divider positions;  ///< m
  float factor;       ///< 1 / m
  const float* dy;
  T* dx;

  template <class Block>
  CG_HD void operator()(Block& block, Shared&) const {
    block.finish([&](int thread) {
      const Place place = tiles.place(block.index(), thread, N);
      if (!place.active) return;
      for (int row = place.row; row < place.end; row += place.lanes) {
        Lanes<N> g = load<N>(dy + static_cast<Index>(positions.divide(row)) * tiles.channels + place.channel);
        for (int j = 0; j < N; ++j) g[j] *= factor;
        store(g, dx + static_cast<Index>(row) * tiles.channels + place.channel);
      }
    });
  }
};

template <class T, class Launch>
struct OpKernel<GlobalAveragePool, T, Launch> {
  static Kernel<GlobalAveragePool> get() { return {forward, backward, nullptr, nullptr}; }

  static void forward(const GlobalAveragePool&, Call& call) {
    const VolumeShape in(call.in[0].shape());
    const Index m = in.voxels() / in.n;
    segment_sums(in.n, m, in.channels, 1 / static_cast<float>(m), pointer<const T>(call.in[0]),
                 pointer<float>(call.out[0]), Launch(call));
  }

  static void backward(const GlobalAveragePool&, Call& call) {
    const VolumeShape in(call.grad_in[0].shape());
    const Index m = in.voxels() / in.n;
    with_width<T>(in.channels, [&]<int N>() {
      const RowTiles tiles(in.voxels(), in.channels, N, 1, in.voxels());
      Launch{call}(tiles.blocks(),
                   SpreadGradient<T, N>{tiles, Divider(static_cast<int>(m)), 1 / static_cast<float>(m),
                                        pointer<const float>(call.grad_out[0]), pointer<T>(call.grad_in[0])});
    });
  }
};

}  // namespace cg::cuda
