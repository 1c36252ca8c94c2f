// SPDX-License-Identifier: Apache-2.0
// y = f(γ (x − μ) r + β), the second half of a normalisation's forward, and all of its recompute. f is nothing, ReLU,
// or the addition of a residual and ReLU. Formulas in tensor/ops/batch_norm*.h; read next: norm_backward.h.
#pragma once

#include "tensor/backend/cuda/ops/norm_statistics.h"
#include "tensor/ops/rectified.h"

namespace cg::cuda {

/// What follows the normalisation in the same pass.
enum class Tail { none, relu, add_relu };

/// What a normalisation reads a channel, and the two numbers that all passes make of it, by the same instructions:
/// normalised = scale · x + shift. So backward and recompute see the bits that forward saw.
struct NormParameters {
  const float *gamma, *beta, *mean, *inverse_sd;

  explicit NormParameters(const Call& call)
      : gamma(pointer<float>(call.in[1])),
        beta(pointer<float>(call.in[2])),
        mean(pointer<float>(call.saved[0])),
        inverse_sd(pointer<float>(call.saved[1])) {}
  CG_HD float scale(int c) const { return gamma[c] * inverse_sd[c]; }
  CG_HD float shift(int c) const { return std::fma(-mean[c], scale(c), beta[c]); }
};

/// Numbers of a tile's channels in shared memory: computed once a block, then kept by each thread for its channels.
template <int N>
struct ChannelTable {
  float v[N * RowTiles::most_groups];
  CG_HD Lanes<N> lanes(int group) const {
    Lanes<N> out;
    for (int j = 0; j < N; ++j) out[j] = v[group * N + j];
    return out;
  }
};

template <int N>
struct AffineTable {
  ChannelTable<N> scale, shift;
};

/// A thread's part of it.
template <int N>
struct ScaleShift {
  Lanes<N> scale, shift;
  CG_HD float operator()(const Lanes<N>& x, int j) const { return std::fma(scale[j], x[j], shift[j]); }
};

/// Phase: the tile's scales and shifts.
template <int N, class Block>
CG_HD void fill_table(Block& block, const RowTiles& tiles, const NormParameters& norm, AffineTable<N>& table) {
  const int first = tiles.column_tile(block.index()) * tiles.tile_channels(N);
  block.phase([&](int thread) {
    if (thread >= tiles.tile_channels(N) || first + thread >= tiles.channels) return;
    table.scale.v[thread] = norm.scale(first + thread);
    table.shift.v[thread] = norm.shift(first + thread);
  });
}

template <int N>
CG_HD ScaleShift<N> affine_of(const AffineTable<N>& table, int group) {
  return {table.scale.lanes(group), table.shift.lanes(group)};
}

/// Rows a thread takes in a kernel that leaves nothing to be combined.
inline constexpr int map_rounds = 8;

template <class T>
RowTiles map_tiles(Index rows, Index channels) {
  return with_width<T>(channels, [&]<int N>() { return RowTiles(rows, channels, N, map_rounds, rows); });
}

/// Bound by memory: reads x (and the residual) once and writes y, 4 (6) bytes an element in bfloat16, for 4 to 7
/// instructions.
template <class T, int N, Tail tail>
struct ApplyNorm {
  static constexpr int threads = RowTiles::threads;
  struct Shared {
    AffineTable<N> affine;
  };

  RowTiles tiles;
  NormParameters norm;
  const T *x, *residual;
  T* y;

  template <class Block>
  CG_HD void operator()(Block& block, Shared& shared) const {
    fill_table(block, tiles, norm, shared.affine);
    block.finish([&](int thread) {
      const Place place = tiles.place(block.index(), thread, N);
      if (place.active) write_rows(place, affine_of(shared.affine, tiles.group(thread)));
    });
  }

 private:
  struct Values {
    Lanes<N> x, residual;
  };

  CG_HD Index at(int row, const Place& place) const { return static_cast<Index>(row) * tiles.channels + place.channel; }

  CG_HD void write_rows(const Place& place, const ScaleShift<N>& affine) const {
    for_each_row<4>(
        place,
        [&](int row) {
          Values values;
          values.x = load<N>(x + at(row, place));
          if constexpr (tail == Tail::add_relu) values.residual = load<N>(residual + at(row, place));
          return values;
        },
        [&](int row, const Values& values) {
          Lanes<N> out;
          for (int j = 0; j < N; ++j) {
            out[j] = affine(values.x, j);
            if constexpr (tail == Tail::add_relu) out[j] += values.residual[j];
            if constexpr (tail != Tail::none) out[j] = rectified(out[j]);
          }
          store(out, y + at(row, place));
        });
  }
};

template <class T, Tail tail, class Launch>
void apply_norm(const Call& call, const Launch& launch) {
  const Shape& shape = call.in[0].shape();
  const RowTiles tiles = map_tiles<T>(count(shape) / shape.back(), shape.back());
  with_width<T>(shape.back(), [&]<int N>() {
    launch(tiles.blocks(), ApplyNorm<T, N, tail>{tiles, NormParameters(call), pointer<const T>(call.in[0]),
                                                 tail == Tail::add_relu ? pointer<const T>(call.in[5]) : nullptr,
                                                 pointer<T>(call.out[0])});
  });
}

}  // namespace cg::cuda
