// SPDX-License-Identifier: Apache-2.0
// A channels-last volume as a matrix [rows, channels], divided into one tile of rows and channels per block. All
// kernels that normalise, pool or sum over positions use it. A thread has fixed channels and iterates over rows, so
// that it reads the values of a channel once. Neighbouring threads have neighbouring channels, so that a warp reads 512
// contiguous bytes.
#pragma once

#include <algorithm>
#include <string>

#include "tensor/backend/cuda/block/block.h"
#include "tensor/backend/cuda/block/divider.h"
#include "tensor/backend/cuda/block/lanes.h"
#include "tensor/error.h"

namespace cg::cuda {

/// A thread's part of its block's tile: channels from `channel`, rows row, row + lanes, … below end.
struct Place {
  int channel, row, end, lanes;
  bool active;  ///< false: this thread has nothing to do
};

struct RowTiles {
  static constexpr int threads = 256;
  static constexpr int most_groups = 32;   ///< threads along the channels
  static constexpr int rows_multiple = 4;  ///< a thread's rows are a multiple of it, but in the last tile

  int rows, channels;
  int groups, lanes;  ///< threads along the channels and along the rows, groups · lanes ≤ threads
  int column_tiles, block_rows;
  Divider by_groups{1}, by_column_tiles{1};

  /// For `width` channels per thread. A thread takes at least `rounds` rows, because with fewer it mostly waits for
  /// memory. It takes more if there would be more than `most_row_blocks` blocks, whose results must be combined.
  /// Errors: usage, for more than 2³⁰ rows.
  RowTiles(Index rows, Index channels, int width, int rounds, Index most_row_blocks);

  CG_HD int row_blocks() const { return (rows + block_rows - 1) / block_rows; }
  Index blocks() const { return static_cast<Index>(row_blocks()) * column_tiles; }
  CG_HD int tile_channels(int width) const { return groups * width; }
  CG_HD int column_tile(int block) const { return by_column_tiles.split(block); }
  CG_HD int row_block(int block) const { return by_column_tiles.divide(block); }
  CG_HD int group(int thread) const { return by_groups.split(thread); }
  CG_HD int rows_in(int row_block) const { return std::min(block_rows, rows - row_block * block_rows); }

  CG_HD Place place(int block, int thread, int width) const {
    const int lane = by_groups.divide(thread), first = row_block(block) * block_rows;
    const int channel = (column_tile(block) * groups + group(thread)) * width;
    return {channel, first + lane, first + rows_in(row_block(block)), lanes, lane < lanes && channel < channels};
  }
};

inline RowTiles::RowTiles(Index all_rows, Index all_channels, int width, int rounds, Index most_row_blocks) {
  constexpr Index most = Index{1} << 30;  // so that a row's number, and what is added to it, is an int
  if (all_rows > most || all_channels > most)
    fail(ErrorKind::usage, "cuda",
         std::to_string(all_rows) + " voxels in a batch, expected at most " + std::to_string(most),
         "Lower train.batch_size.");
  rows = static_cast<int>(all_rows);
  channels = static_cast<int>(all_channels);
  const int all_groups = (channels + width - 1) / width;
  column_tiles = (all_groups + most_groups - 1) / most_groups;
  groups = (all_groups + column_tiles - 1) / column_tiles;
  lanes = threads / groups;
  const Index a_thread = std::max<Index>(rounds, blocks_for(blocks_for(all_rows, most_row_blocks), lanes));
  block_rows = static_cast<int>(blocks_for(a_thread, rows_multiple) * rows_multiple) * lanes;
  by_groups = Divider(groups);
  by_column_tiles = Divider(column_tiles);
}

/// Calls use(row, load(row)) for a thread's rows, `batch` at a time: all loads of a batch are started before the first
/// is used. The remaining rows are processed one by one; only threads of the last tile have such rows.
template <int batch, class Load, class Use>
CG_HD void for_each_row(const Place& place, const Load& load, const Use& use) {
  int row = place.row;
  for (; row + (batch - 1) * place.lanes < place.end; row += batch * place.lanes) {
    decltype(load(row)) values[batch];
    unrolled<batch>([&](auto b) { values[b] = load(row + b * place.lanes); });
    unrolled<batch>([&](auto b) { use(row + b * place.lanes, values[b]); });
  }
  for (; row < place.end; row += place.lanes) use(row, load(row));
}

/// Calls body.operator()<N>() with the number of channels per thread: `most` if it divides all channels, else 1.
template <int most, class Body>
auto with_lanes(Index channels, const Body& body) {
  if (channels % most == 0) return body.template operator()<most>();
  return body.template operator()<1>();
}

/// The same with 16 bytes of type T.
template <class T, class Body>
auto with_width(Index channels, const Body& body) {
  return with_lanes<vector_width<T>>(channels, body);
}

}  // namespace cg::cuda
