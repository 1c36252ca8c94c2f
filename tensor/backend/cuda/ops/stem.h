// SPDX-License-Identifier: Apache-2.0
// The stem's packing on a GPU; what is packed: ../stem.h. Read next: tensor/backend/stem.h.
#pragma once

#include "tensor/backend/cuda/block/map.h"
#include "tensor/backend/stem.h"

namespace cg::cuda {

/// G from x, one block per line along the width. Limited by memory: writes 64 bytes per voxel of G, reads a tenth of
/// it.
struct PackVolumes {
  static constexpr int threads = 192;
  using Shared = Nothing;

  int rows_depth, rows_height, out_width;  ///< of G
  int depth, height, width;                ///< of x
  const bfloat16* x;
  bfloat16* g;

  PackVolumes(const Stem& stem, const Shape& shape, const bfloat16* volumes, bfloat16* packed)
      : rows_depth(static_cast<int>(stem.packed[1])),
        rows_height(static_cast<int>(stem.packed[2])),
        out_width(static_cast<int>(stem.packed[3])),
        depth(static_cast<int>(shape[1])),
        height(static_cast<int>(shape[2])),
        width(static_cast<int>(shape[3])),
        x(volumes),
        g(packed) {}

  template <class Block>
  CG_HD void operator()(Block& block, Shared&) const {
    block.finish([&](int thread) {
      const int line = block.index(), plane = line / rows_height;
      const int row_height = line % rows_height, row_depth = plane % rows_depth, sample = plane / rows_depth;
      for (int k = thread; k < 4 * out_width; k += threads) {  // k: o_w, b_d, b_h
        const int d = 2 * row_depth + k / 2 % 2 - Stem::pad, h = 2 * row_height + k % 2 - Stem::pad;
        Pack<bfloat16, 8> taps{};
        if (d >= 0 && d < depth && h >= 0 && h < height)
          taps = window(((static_cast<Index>(sample) * depth + d) * height + h) * width, k / 4);
        store_pack(taps, g + (static_cast<Index>(line) * 4 * out_width + k) * 8);
      }
    });
  }

 private:
  /// The eight taps of output o_w on x's line from `first` on.
  CG_HD Pack<bfloat16, 8> window(Index first, int o_w) const {
    Pack<bfloat16, 8> taps{};
    for (int j = 0; j < 8; ++j) {
      const int w = 2 * o_w - Stem::pad + j;
      if (w >= 0 && w < width) taps.v[j] = x[first + w];
    }
    return taps;
  }
};

/// W from w, rounded to bfloat16. Bound by latency, like the next: the stem has 22 thousand weights.
struct PackWeights {
  static constexpr int width = 1;
  const float* w;
  bfloat16* packed;
  template <int N>
  CG_HD void at(Index k) const {
    const int tap = Stem::tap(static_cast<int>(k % Stem::weights_of_one));
    store<1>({tap < 0 ? 0.0f : w[k / Stem::weights_of_one * Stem::taps_of_one + tap]}, packed + k);
  }
};

/// dw from dW, dropping the eighth taps; added to what is there where `adds`.
struct UnpackWeights {
  static constexpr int width = 1;
  const bfloat16* packed;
  float* w;
  bool adds;
  template <int N>
  CG_HD void at(Index k) const {
    const int place = Stem::place(static_cast<int>(k % Stem::taps_of_one));
    const float part = load<1>(packed + k / Stem::taps_of_one * Stem::weights_of_one + place)[0];
    w[k] = adds ? w[k] + part : part;
  }
};

}  // namespace cg::cuda
