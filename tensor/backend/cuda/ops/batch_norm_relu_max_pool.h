// SPDX-License-Identifier: Apache-2.0
// The end of the stem: batch norm, ReLU and max-pool without ever storing the normalised volume, the largest of the
// network. Formula in tensor/ops/batch_norm_relu_max_pool.h, windows in pool_windows.h.
// Forward: statistics, then one pass over the windows. Backward: the sums over the winners alone, then one pass over
// the voxels, which gathers their gradients. Each way reads x twice.
#pragma once

#include "tensor/backend/cuda/ops/max_pool3d.h"
#include "tensor/backend/cuda/ops/norm_backward.h"
#include "tensor/backend/cuda/ops/op_kernel.h"
#include "tensor/backend/cuda/ops/pool_cells.h"
#include "tensor/ops/batch_norm_relu_max_pool.h"

namespace cg::cuda {

/// Bound by arithmetic: some 7 instructions a tap and channel, which take half as long again as reading x once.
template <class T, int N>
struct NormPoolForward {
  static constexpr int threads = RowTiles::threads;
  struct Shared {
    AffineTable<N> affine;
  };

  RowTiles tiles;
  PoolWindows windows;
  NormParameters norm;
  const T* x;
  T* y;
  std::uint8_t* taps;

  template <class Block>
  CG_HD void operator()(Block& block, Shared& shared) const {
    fill_table(block, tiles, norm, shared.affine);
    block.finish([&](int thread) {
      const Place place = tiles.place(block.index(), thread, N);
      if (!place.active) return;
      const ScaleShift<N> affine = affine_of(shared.affine, tiles.group(thread));
      const auto relu = [](float value) { return rectified(value); };
      for (int row = place.row; row < place.end; row += place.lanes) {
        const auto best = winners_of<T, N>(windows, windows.window(row), place.channel, x, affine, relu);
        const Index at = static_cast<Index>(row) * tiles.channels + place.channel;
        store(best.value, y + at);
        store_taps(best, taps + at);
      }
    });
  }
};

/// A source (norm_backward.h) whose rows are the windows: x of each window's winner, and dy where the ReLU let it pass.
/// All other gradients are zero, so the sums over the winners are the sums over the volume. Reads x with one element an
/// access, but makes 10 accesses a window and 8 channels where a gather over the voxels makes 60.
template <class T, int N>
struct WinnerGradients {
  static constexpr int width = N, batch = 1;  // its N loads of x are a batch already
  static constexpr bool reads_affine = true;

  PoolWindows windows;
  const T *x, *dy;
  const std::uint8_t* taps;

  CG_HD ValuesAndGradients<N> load_row(int row, int channel, const ScaleShift<N>& affine) const {
    const Index at = static_cast<Index>(row) * windows.channels + channel;
    const auto winners = load_pack<std::uint8_t, N>(taps + at);
    const int origin = windows.origin_row(windows.window(row));
    ValuesAndGradients<N> out{{}, load<N>(dy + at)};
    for (int j = 0; j < N; ++j) {
      const Index voxel = windows.row_under(winners.v[j], origin);
      out.x[j] = load<1>(x + voxel * windows.channels + channel + j)[0];
    }
    for (int j = 0; j < N; ++j) out.g[j] = passed(affine(out.x, j), out.g[j]);
    return out;
  }
  CG_HD void keep(int, int, const Lanes<N>&) const {}
};

/// A source whose rows are the voxels: x, and what it has won where the ReLU let it pass.
template <class T, int N>
struct WonGradients {
  static constexpr int width = N, batch = 1;  // more would leave room for too few threads
  static constexpr bool reads_affine = true;

  PoolWindows windows;
  const T *x, *dy;
  const std::uint8_t* taps;

  CG_HD ValuesAndGradients<N> load_row(int row, int channel, const ScaleShift<N>& affine) const {
    ValuesAndGradients<N> out{load<N>(x + static_cast<Index>(row) * windows.channels + channel),
                              won_gradient<T, N>(windows, windows.voxel(row), channel, dy, taps)};
    for (int j = 0; j < N; ++j) out.g[j] = passed(affine(out.x, j), out.g[j]);
    return out;
  }
};

/// dx as InputGradient writes it, for the eight voxels of a cell together (pool_cells.h).
/// Bound by memory: reads x, writes dx, and reads the windows, 4.4 bytes an element in bfloat16.
template <class T, int N>
struct CellInputGradient {
  static constexpr int threads = RowTiles::threads, least_blocks = 2;
  using Shared = FactorTable<N>;

  RowTiles tiles;  ///< over cells
  NormParameters norm;
  PoolCells cells;
  const T *x, *dy;
  const std::uint8_t* taps;
  const float* factors;  ///< null in evaluation
  T* dx;

  template <class Block>
  CG_HD void operator()(Block& block, Shared& shared) const {
    fill_table(block, tiles, norm, factors, shared);
    block.finish([&](int thread) {
      const Place place = tiles.place(block.index(), thread, N);
      if (!place.active) return;
      const Factors<N> of_thread(shared, tiles.group(thread), factors != nullptr);
      for (int row = place.row; row < place.end; row += place.lanes) {
        const Voxel cell = cells.cell(row);
        for_each_layer<T, N>(
            cells.windows, cell, place.channel, dy, taps,
            [&](int layer, const LayerGradients<N>& won) { write_layer(cell, layer, place.channel, won, of_thread); });
      }
    });
  }

 private:
  CG_HD void write_layer(const Voxel& cell, int layer, int channel, const LayerGradients<N>& won,
                         const Factors<N>& of_thread) const {
    CellVoxel voxel[4];
    ValuesAndGradients<N> values[4];
    unrolled<4>([&](auto v) {
      voxel[v] = cells.voxel(cell, layer, v);
      values[v] = {load<N>(x + at(voxel[v], channel)), won.of_voxel[v]};
    });
    unrolled<4>([&](auto v) {
      for (int j = 0; j < N; ++j) values[v].g[j] = passed(of_thread.affine(values[v].x, j), values[v].g[j]);
      if (voxel[v].inside) store(of_thread.input_gradient(values[v]), dx + at(voxel[v], channel));
    });
  }
  CG_HD Index at(const CellVoxel& voxel, int channel) const {
    return static_cast<Index>(voxel.row) * tiles.channels + channel;
  }
};

template <class T, class Launch>
struct OpKernel<BatchNormReluMaxPool, T, Launch> {
  static Kernel<BatchNormReluMaxPool> get() { return {forward, backward, nullptr, workspace}; }

  static Workspace workspace(const BatchNormReluMaxPool& op, const WorkspaceQuery& query) {
    const Shape& x = query.in[0].shape;
    const Index voxels = count(x) / x.back(), windows = count(op.plan(query.in).outputs[0].shape) / x.back();
    return {
        .forward = norm_scratch<T>(voxels, x.back()), .backward = norm_scratch<T>(windows, x.back()), .recompute = 0};
  }

  static void forward(const BatchNormReluMaxPool& op, Call& call) {
    const Launch launch(call);
    norm_statistics<T>(op.norm, call, launch);
    const VolumeShape in(call.in[0].shape()), out(call.out[0].shape());
    const RowTiles tiles = pool_tiles<T>(out.voxels(), out.channels);
    with_width<T>(out.channels, [&]<int N>() {
      launch(tiles.blocks(), NormPoolForward<T, N>{tiles, PoolWindows(in, out, op.pool.window()), NormParameters(call),
                                                   pointer<const T>(call.in[0]), pointer<T>(call.out[0]),
                                                   pointer<std::uint8_t>(call.saved[2])});
    });
  }

  static void backward(const BatchNormReluMaxPool& op, Call& call) {
    const Launch launch(call);
    const VolumeShape in(call.in[0].shape()), out(call.grad_out[0].shape());
    const PoolWindows windows(in, out, op.pool.window());
    const T *x = pointer<const T>(call.in[0]), *dy = pointer<const T>(call.grad_out[0]);
    const auto* taps = pointer<const std::uint8_t>(call.saved[2]);
    const float* factors = with_width<T>(in.channels, [&]<int N>() {
      return gradient_factors(op.norm, call, sum_tiles<T>(out.voxels(), out.channels),
                              WinnerGradients<T, N>{windows, x, dy, taps}, launch);
    });
    if (PoolCells::fit(op.pool.window())) return cell_gradients(call, windows, factors, launch);
    with_width<T>(in.channels, [&]<int N>() {
      input_gradient<T>(call, WonGradients<T, N>{windows, x, dy, taps}, factors, launch);
    });
  }

 private:
  static void cell_gradients(const Call& call, const PoolWindows& windows, const float* factors, const Launch& launch) {
    if (!call.grad_in[0]) return;
    const Shape& shape = call.in[0].shape();
    const PoolCells cells(windows);
    with_lanes<4>(shape.back(), [&]<int N>() {  // four: eight would fill the registers
      const Index rows = cells.rows(shape[0]);
      const RowTiles tiles(rows, shape.back(), N, pool_rounds, rows);
      launch(tiles.blocks(),
             CellInputGradient<T, N>{tiles, NormParameters(call), cells, pointer<const T>(call.in[0]),
                                     pointer<const T>(call.grad_out[0]), pointer<const std::uint8_t>(call.saved[2]),
                                     factors, pointer<T>(call.grad_in[0])});
    });
  }
};

}  // namespace cg::cuda
