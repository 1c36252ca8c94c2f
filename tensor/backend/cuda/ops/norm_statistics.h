// SPDX-License-Identifier: Apache-2.0
// Mean and 1/√(v + ε) of every channel, and the running statistics: the first half of a normalisation's forward.
// Formulas in tensor/ops/batch_norm.h; read next: norm_apply.h.
#pragma once

#include <cmath>

#include "tensor/backend/cuda/block/row_tiles.h"
#include "tensor/ops/batch_norm.h"

namespace cg::cuda {

/// A thread's rows at least, and the row blocks at most, of a kernel whose blocks leave results to be combined.
inline constexpr int sum_rounds = 8, most_sum_blocks = 1024;

/// The tiles of such a kernel.
template <class T>
RowTiles sum_tiles(Index rows, Index channels) {
  return with_width<T>(channels, [&]<int N>() { return RowTiles(rows, channels, N, sum_rounds, most_sum_blocks); });
}

/// Mean and Σ (x − mean)² of each block's rows, partial [row blocks, 2, C]. A thread sums distances, and their squares,
/// from the first row it meets: as that row is one of its n, subtracting the mean's share afterwards cancels a factor
/// of n at most. Threads are merged by Chan's formula (Chan, Golub & LeVeque 1979).
/// Bound by memory: reads x once, 2 bytes an element in bfloat16, for some 5 instructions; the partial results are 1 %
/// of x and stay in the L2 cache.
template <class T, int N>
struct BlockMoments {
  static constexpr int threads = RowTiles::threads;
  struct Shared {
    float mean[N * threads], squares[N * threads], count[threads];  // of thread t and its lane j: [j · threads + t]
  };

  RowTiles tiles;
  const T* x;
  float* partial;

  template <class Block>
  CG_HD void operator()(Block& block, Shared& shared) const {
    block.phase([&](int thread) { accumulate(tiles.place(block.index(), thread, N), thread, shared); });
    fold_lanes(block, tiles.lanes, tiles.groups, [&](int into, int from) { merge(shared, into, from); });
    block.finish([&](int thread) {
      const Place place = tiles.place(block.index(), thread, N);
      if (thread >= tiles.groups || !place.active) return;
      Lanes<N> mean, squares;
      for (int j = 0; j < N; ++j) {
        mean[j] = shared.mean[j * threads + thread];
        squares[j] = shared.squares[j * threads + thread];
      }
      float* out = partial + static_cast<Index>(tiles.row_block(block.index())) * 2 * tiles.channels + place.channel;
      store(mean, out);
      store(squares, out + tiles.channels);
    });
  }

 private:
  CG_HD Lanes<N> values(int row, int channel) const {
    return load<N>(x + static_cast<Index>(row) * tiles.channels + channel);
  }

  CG_HD void accumulate(const Place& place, int thread, Shared& shared) const {
    if (!place.active) return;
    shared.count[thread] = 0;
    if (place.row >= place.end) return;  // the last tile's rows may be fewer than its lanes
    const Lanes<N> first = values(place.row, place.channel);
    Lanes<N> sum{}, squares{};
    for_each_row<4>(
        place, [&](int row) { return values(row, place.channel); },
        [&](int, const Lanes<N>& at_row) {
          for (int j = 0; j < N; ++j) {
            const float distance = at_row[j] - first[j];
            sum[j] += distance;
            squares[j] = std::fma(distance, distance, squares[j]);
          }
        });
    const float count = static_cast<float>((place.end - 1 - place.row) / place.lanes + 1), share = 1 / count;
    shared.count[thread] = count;
    for (int j = 0; j < N; ++j) {
      const float mean = sum[j] * share;
      shared.mean[j * threads + thread] = first[j] + mean;
      shared.squares[j * threads + thread] = std::fma(-mean, sum[j], squares[j]);
    }
  }

  CG_HD static void merge(Shared& shared, int into, int from) {
    const float a = shared.count[into], b = shared.count[from];
    if (b == 0) return;
    const float share = b / (a + b);
    for (int j = 0; j < N; ++j) {
      float &mean = shared.mean[j * threads + into], &squares = shared.squares[j * threads + into];
      const float distance = shared.mean[j * threads + from] - mean;
      mean += distance * share;
      squares += shared.squares[j * threads + from] + distance * distance * a * share;
    }
    shared.count[into] = a + b;
  }
};

/// Combines the partial results of all blocks, in double, and writes what the op saves and the running statistics. The
/// means are added as distances from the first block's, so that nothing cancels. Without partial results, in
/// evaluation, the running statistics are taken.
/// Bound by latency: a few microseconds whatever the shape, as 64 threads share a channel's partial results.
struct MergeMoments {
  static constexpr int channels_in_block = 8, lanes = 64, threads = channels_in_block * lanes;
  struct Shared {
    double distance[threads], squares[threads];
  };

  RowTiles tiles;
  NormAttributes norm;
  const float* partial;  ///< null in evaluation
  float *running_mean, *running_variance, *mean, *inverse_sd;

  template <class Block>
  CG_HD void operator()(Block& block, Shared& shared) const {
    block.phase([&](int thread) {
      shared.distance[thread] = shared.squares[thread] = 0;
      const int c = block.index() * channels_in_block + thread % channels_in_block;
      if (partial && c < tiles.channels) accumulate(c, thread / channels_in_block, thread, shared);
    });
    fold_lanes(block, lanes, channels_in_block, [&](int into, int from) {
      shared.distance[into] += shared.distance[from];
      shared.squares[into] += shared.squares[from];
    });
    block.finish([&](int thread) {
      const int c = block.index() * channels_in_block + thread;
      if (thread < channels_in_block && c < tiles.channels)
        write(c, shared.distance[thread] / tiles.rows, shared.squares[thread] / tiles.rows);
    });
  }

 private:
  CG_HD const float* partial_mean(int row_block, int c) const {
    return partial + static_cast<Index>(row_block) * 2 * tiles.channels + c;
  }

  CG_HD void accumulate(int c, int lane, int thread, Shared& shared) const {
    const float first = *partial_mean(0, c);
    double distance = 0, squares = 0;
    for (int b = lane; b < tiles.row_blocks(); b += lanes) {
      const double n = tiles.rows_in(b);
      const double from_first = static_cast<double>(*partial_mean(b, c)) - static_cast<double>(first);
      distance += n * from_first;
      squares += n * from_first * from_first + static_cast<double>(partial_mean(b, c)[tiles.channels]);
    }
    shared.distance[thread] = distance;
    shared.squares[thread] = squares;
  }

  /// `distance`: of the mean from the first block's mean; `square`: the mean squared distance from there.
  CG_HD void write(int c, double distance, double square) const {
    double mu = static_cast<double>(running_mean[c]), variance = static_cast<double>(running_variance[c]);
    if (partial) {
      mu = static_cast<double>(*partial_mean(0, c)) + distance;
      variance = std::max(square - distance * distance, 0.0);
      const double all = static_cast<double>(norm.equal_views) * tiles.rows;
      running_mean[c] = blended(running_mean[c], mu);
      running_variance[c] = blended(running_variance[c], variance * all / (all - 1));
    }
    mean[c] = static_cast<float>(mu);
    inverse_sd[c] = static_cast<float>(1 / std::sqrt(variance + norm.epsilon));
  }

  CG_HD float blended(float running, double now) const {
    return static_cast<float>((1 - norm.momentum) * static_cast<double>(running) + norm.momentum * now);
  }
};

/// Writes the saved mean and 1/√(v + ε) of call.in[0], and in training the running statistics.
template <class T, class Launch>
void norm_statistics(const NormAttributes& norm, const Call& call, const Launch& launch) {
  const Shape& shape = call.in[0].shape();
  const Index channels = shape.back();
  const RowTiles tiles = sum_tiles<T>(count(shape) / channels, channels);
  float* partial = norm.training ? reinterpret_cast<float*>(call.workspace.raw()) : nullptr;
  if (norm.training)
    with_width<T>(channels, [&]<int N>() {
      launch(tiles.blocks(), BlockMoments<T, N>{tiles, pointer<const T>(call.in[0]), partial});
    });
  launch(blocks_for(channels, MergeMoments::channels_in_block),
         MergeMoments{tiles, norm, partial, pointer<float>(call.in[3]), pointer<float>(call.in[4]),
                      pointer<float>(call.saved[0]), pointer<float>(call.saved[1])});
}

}  // namespace cg::cuda
