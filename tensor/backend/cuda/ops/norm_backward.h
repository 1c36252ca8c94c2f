// SPDX-License-Identifier: Apache-2.0
// The backward of a normalisation in two passes: the sums Σ g and Σ g (x − μ) of every channel, then
//   dx = γ r (g − Σ g/m − x̂ Σ g x̂/m)
// with its terms in x collected: dx = scale · g + from_x · x + constant, where scale = γ r. In evaluation dx is
// scale · g alone, as the product of x = NaN and a factor 0 would be NaN. g is the gradient of the normalised value,
// computed again in each pass from what a `Source` reads. Formulas in tensor/ops/batch_norm*.h.
#pragma once

#include "tensor/backend/cuda/ops/norm_apply.h"

namespace cg::cuda {

/// Normalised values and their gradients, as a source reads them for one row.
template <int N>
struct ValuesAndGradients {
  Lanes<N> x, g;
};

/// g where every row has its own gradient: dy, or dy where the ReLU let the value pass.
template <class T, int N, Tail tail>
struct RowGradients {
  static constexpr int width = N, batch = 2;
  static constexpr bool reads_affine = tail == Tail::relu;

  int channels;
  const T *x, *dy;
  const T* y = nullptr;     ///< add_relu: the output, which knows where the ReLU was open
  T* d_residual = nullptr;  ///< add_relu: where g is kept too, if it is asked for

  CG_HD Index at(int row, int channel) const { return static_cast<Index>(row) * channels + channel; }

  CG_HD ValuesAndGradients<N> load_row(int row, int channel, const ScaleShift<N>& affine) const {
    ValuesAndGradients<N> out{load<N>(x + at(row, channel)), load<N>(dy + at(row, channel))};
    if constexpr (tail == Tail::relu)
      for (int j = 0; j < N; ++j) out.g[j] = passed(affine(out.x, j), out.g[j]);
    if constexpr (tail == Tail::add_relu) {
      const Lanes<N> result = load<N>(y + at(row, channel));
      for (int j = 0; j < N; ++j) out.g[j] = passed(result[j], out.g[j]);
    }
    return out;
  }

  CG_HD void keep(int row, int channel, const Lanes<N>& g) const {
    if constexpr (tail == Tail::add_relu)
      if (d_residual) store(g, d_residual + at(row, channel));
  }
};

/// Σ g and Σ g (x − μ) of each block's rows, partial [row blocks, 2, C].
/// Bound by memory: reads x and dy once (and y, and writes the residual's gradient), 4 to 8 bytes an element in
/// bfloat16, for 7 to 11 instructions.
template <class Source>
struct GradientSums {
  static constexpr int threads = RowTiles::threads, N = Source::width;
  struct Shared {
    AffineTable<N> affine;
    float sum[N * threads], centred[N * threads];  // of thread t and its lane j: [j · threads + t]
  };

  RowTiles tiles;
  NormParameters norm;
  Source source;
  float* partial;

  template <class Block>
  CG_HD void operator()(Block& block, Shared& shared) const {
    if constexpr (Source::reads_affine) fill_table(block, tiles, norm, shared.affine);
    block.phase([&](int thread) { accumulate(tiles.place(block.index(), thread, N), thread, shared); });
    fold_lanes(block, tiles.lanes, tiles.groups, [&](int into, int from) {
      for (int j = 0; j < N; ++j) {
        shared.sum[j * threads + into] += shared.sum[j * threads + from];
        shared.centred[j * threads + into] += shared.centred[j * threads + from];
      }
    });
    block.finish([&](int thread) {
      const Place place = tiles.place(block.index(), thread, N);
      if (thread >= tiles.groups || !place.active) return;
      Lanes<N> sum, centred;
      for (int j = 0; j < N; ++j) {
        sum[j] = shared.sum[j * threads + thread];
        centred[j] = shared.centred[j * threads + thread];
      }
      float* out = partial + static_cast<Index>(tiles.row_block(block.index())) * 2 * tiles.channels + place.channel;
      store(sum, out);
      store(centred, out + tiles.channels);
    });
  }

 private:
  CG_HD void accumulate(const Place& place, int thread, Shared& shared) const {
    if (!place.active) return;
    ScaleShift<N> affine{};
    if constexpr (Source::reads_affine) affine = affine_of(shared.affine, tiles.group(thread));
    const Lanes<N> mean = load<N>(norm.mean + place.channel);
    Lanes<N> sum{}, centred{};
    for_each_row<Source::batch>(
        place, [&](int row) { return source.load_row(row, place.channel, affine); },
        [&](int row, const ValuesAndGradients<N>& values) {
          source.keep(row, place.channel, values.g);
          for (int j = 0; j < N; ++j) {
            sum[j] += values.g[j];
            centred[j] += values.g[j] * (values.x[j] - mean[j]);
          }
        });
    for (int j = 0; j < N; ++j) {
      shared.sum[j * threads + thread] = sum[j];
      shared.centred[j * threads + thread] = centred[j];
    }
  }
};

/// Combines the sums of all blocks, in double: dγ, dβ, and in training the factors [2, C] of dx: from_x, constant.
/// Bound by latency, as MergeMoments.
struct MergeGradients {
  static constexpr int channels_in_block = 8, lanes = 64, threads = channels_in_block * lanes;
  struct Shared {
    double sum[threads], centred[threads];
  };

  int row_blocks, channels;
  double m;  ///< values a channel
  NormParameters norm;
  const float* partial;
  float *factors, *d_gamma, *d_beta;  ///< each may be null

  template <class Block>
  CG_HD void operator()(Block& block, Shared& shared) const {
    block.phase([&](int thread) {
      double sum = 0, centred = 0;
      const int c = block.index() * channels_in_block + thread % channels_in_block;
      for (int b = thread / channels_in_block; c < channels && b < row_blocks; b += lanes) {
        const float* of_block = partial + static_cast<Index>(b) * 2 * channels + c;
        sum += static_cast<double>(of_block[0]);
        centred += static_cast<double>(of_block[channels]);
      }
      shared.sum[thread] = sum;
      shared.centred[thread] = centred;
    });
    fold_lanes(block, lanes, channels_in_block, [&](int into, int from) {
      shared.sum[into] += shared.sum[from];
      shared.centred[into] += shared.centred[from];
    });
    block.finish([&](int thread) {
      const int c = block.index() * channels_in_block + thread;
      if (thread < channels_in_block && c < channels) write(c, shared.sum[thread], shared.centred[thread]);
    });
  }

 private:
  CG_HD void write(int c, double sum, double centred) const {
    const double r = static_cast<double>(norm.inverse_sd[c]), scale = static_cast<double>(norm.gamma[c]) * r;
    const double sum_hat = centred * r;
    if (d_gamma) d_gamma[c] = static_cast<float>(sum_hat);
    if (d_beta) d_beta[c] = static_cast<float>(sum);
    if (!factors) return;
    const double from_x = -scale * r * sum_hat / m;
    factors[c] = static_cast<float>(from_x);
    factors[channels + c] = static_cast<float>(-scale * sum / m - from_x * static_cast<double>(norm.mean[c]));
  }
};

/// The factors of dx of a tile's channels in shared memory, and a thread's part of them.
template <int N>
struct FactorTable {
  AffineTable<N> affine;
  ChannelTable<N> from_x, constant;
};

template <int N>
struct Factors {
  ScaleShift<N> affine;
  Lanes<N> from_x, constant;
  bool training;
  CG_HD Factors(const FactorTable<N>& table, int group, bool training_)
      : affine(affine_of(table.affine, group)),
        from_x(table.from_x.lanes(group)),
        constant(table.constant.lanes(group)),
        training(training_) {}
  CG_HD Lanes<N> input_gradient(const ValuesAndGradients<N>& values) const {
    Lanes<N> dx;
    for (int j = 0; j < N; ++j) {
      const float through_statistics = std::fma(from_x[j], values.x[j], constant[j]);
      dx[j] = std::fma(affine.scale[j], values.g[j], training ? through_statistics : 0);
    }
    return dx;
  }
};

/// Phases: the tile's factors, of `factors` [2, C], null in evaluation.
template <int N, class Block>
CG_HD void fill_table(Block& block, const RowTiles& tiles, const NormParameters& norm, const float* factors,
                      FactorTable<N>& table) {
  fill_table(block, tiles, norm, table.affine);
  const int first = tiles.column_tile(block.index()) * tiles.tile_channels(N);
  block.phase([&](int thread) {
    if (!factors || thread >= tiles.tile_channels(N) || first + thread >= tiles.channels) return;
    table.from_x.v[thread] = factors[first + thread];
    table.constant.v[thread] = factors[tiles.channels + first + thread];
  });
}

/// dx = scale · g + from_x · x + constant, in evaluation scale · g.
/// Bound by memory: reads x and dy (and y), writes dx, 6 to 8 bytes an element in bfloat16, for 7 to 10 instructions.
template <class T, class Source>
struct InputGradient {
  static constexpr int threads = RowTiles::threads, N = Source::width;
  using Shared = FactorTable<N>;

  RowTiles tiles;
  NormParameters norm;
  Source source;
  const float* factors;  ///< null in evaluation
  T* dx;

  template <class Block>
  CG_HD void operator()(Block& block, Shared& shared) const {
    fill_table(block, tiles, norm, factors, shared);
    block.finish([&](int thread) {
      const Place place = tiles.place(block.index(), thread, N);
      if (!place.active) return;
      const Factors<N> of_thread(shared, tiles.group(thread), factors != nullptr);
      for_each_row<Source::batch>(
          place, [&](int row) { return source.load_row(row, place.channel, of_thread.affine); },
          [&](int row, const ValuesAndGradients<N>& values) {
            store(of_thread.input_gradient(values), dx + static_cast<Index>(row) * tiles.channels + place.channel);
          });
    });
  }
};

/// The scratch of forward and backward: the blocks' results over `summed_rows` rows, and the factors.
template <class T>
Index norm_scratch(Index summed_rows, Index channels) {
  const Index partial = static_cast<Index>(sum_tiles<T>(summed_rows, channels).row_blocks()) * 2 * channels;
  return (partial + 2 * channels) * static_cast<Index>(sizeof(float));
}

/// First pass: dγ, dβ, and the factors of dx, which it returns: null in evaluation. `summed` are the tiles over the
/// rows of `source`.
template <class Source, class Launch>
float* gradient_factors(const NormAttributes& norm, const Call& call, const RowTiles& summed, const Source& source,
                        const Launch& launch) {
  const NormParameters parameters(call);
  const Shape& shape = call.in[0].shape();
  auto* partial = reinterpret_cast<float*>(call.workspace.raw());
  float* factors = norm.training ? partial + static_cast<Index>(summed.row_blocks()) * 2 * summed.channels : nullptr;
  launch(summed.blocks(), GradientSums<Source>{summed, parameters, source, partial});
  launch(
      blocks_for(summed.channels, MergeGradients::channels_in_block),
      MergeGradients{summed.row_blocks(), summed.channels, static_cast<double>(count(shape) / shape.back()), parameters,
                     partial, factors, pointer<float>(call.grad_in[1]), pointer<float>(call.grad_in[2])});
  return factors;
}

/// Second pass, where dx is asked for.
template <class T, class Source, class Launch>
void input_gradient(const Call& call, const Source& source, const float* factors, const Launch& launch) {
  if (!call.grad_in[0]) return;
  const Shape& shape = call.in[0].shape();
  const RowTiles tiles = map_tiles<T>(count(shape) / shape.back(), shape.back());
  launch(tiles.blocks(),
         InputGradient<T, Source>{tiles, NormParameters(call), source, factors, pointer<T>(call.grad_in[0])});
}

}  // namespace cg::cuda
