// SPDX-License-Identifier: Apache-2.0
// Sums over the rows of each segment of a matrix [segments · rows, channels], one block for all rows of some channels.
// For short segments and small matrices: the average pool and the bias of linear layers.
#pragma once

#include "tensor/backend/cuda/block/row_tiles.h"

namespace cg::cuda {

/// y[segment, c] = factor · Σ x[segment, row, c]. Limited by latency: all threads of a block sum
/// its rows, and then their sums are combined.
template <class T, int N>
struct SegmentSums {
  static constexpr int threads = RowTiles::threads;
  struct Shared {
    float sum[N * threads];  // of thread t and its lane j: [j · threads + t]
  };

  RowTiles tiles;  ///< over one segment, with all of its rows in one row block
  float factor;
  const T* x;
  float* y;

  template <class Block>
  CG_HD void operator()(Block& block, Shared& shared) const {
    const int segment = block.index() / tiles.column_tiles, tile = block.index() % tiles.column_tiles;
    const T* rows = x + static_cast<Index>(segment) * tiles.rows * tiles.channels;
    block.phase([&](int thread) {
      const Place place = tiles.place(tile, thread, N);
      if (!place.active) return;
      Lanes<N> sum{};
      for_each_row<4>(
          place, [&](int row) { return load<N>(rows + static_cast<Index>(row) * tiles.channels + place.channel); },
          [&](int, const Lanes<N>& values) {
            for (int j = 0; j < N; ++j) sum[j] += values[j];
          });
      for (int j = 0; j < N; ++j) shared.sum[j * threads + thread] = sum[j];
    });
    fold_lanes(block, tiles.lanes, tiles.groups, [&](int into, int from) {
      for (int j = 0; j < N; ++j) shared.sum[j * threads + into] += shared.sum[j * threads + from];
    });
    block.finish([&](int thread) {
      const Place place = tiles.place(tile, thread, N);
      if (thread >= tiles.groups || !place.active) return;
      Lanes<N> out;
      for (int j = 0; j < N; ++j) out[j] = factor * shared.sum[j * threads + thread];
      store(out, y + static_cast<Index>(segment) * tiles.channels + place.channel);
    });
  }
};

template <class T, class Launch>
void segment_sums(Index segments, Index rows, Index channels, float factor, const T* x, float* y,
                  const Launch& launch) {
  with_width<T>(channels, [&]<int N>() {
    const RowTiles tiles(rows, channels, N, 1, 1);
    launch(segments * tiles.column_tiles, SegmentSums<T, N>{tiles, factor, x, y});
  });
}

}  // namespace cg::cuda
