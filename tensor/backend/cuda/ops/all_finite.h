// SPDX-License-Identifier: Apache-2.0
// Whether a flat buffer holds a NaN or an infinity, as a flag on the device: the update reads it there and does nothing
// when it is 0, and no block waits for it in between.
#pragma once

#include "tensor/backend/cuda/block/block.h"
#include "tensor/backend/cuda/block/lanes.h"

namespace cg::cuda {

/// Each block's flag: 1 where its part of x is finite. Bound by memory: reads each element once.
template <class T>
struct FiniteParts {
  static constexpr int threads = 256, width = vector_width<T>;
  struct Shared {
    std::uint32_t finite[threads];
  };

  Index count, packs;  ///< elements, and packs of `width` that a block takes
  const T* x;
  std::uint32_t* parts;

  template <class Block>
  CG_HD void operator()(Block& block, Shared& shared) const {
    block.phase([&](int thread) { shared.finite[thread] = look(block.index(), thread) ? 1 : 0; });
    fold_lanes(block, threads, 1, [&](int into, int from) { shared.finite[into] &= shared.finite[from]; });
    block.finish([&](int thread) {
      if (thread == 0) parts[block.index()] = shared.finite[0];
    });
  }

  /// Whether the exponent is not all ones.
  CG_HD static bool is_finite(float value) {
    constexpr std::uint32_t exponent = 0x7F800000u;
    return (std::bit_cast<std::uint32_t>(value) & exponent) != exponent;
  }

 private:
  static constexpr int batch = 4;  // loads of a thread that are under way together

  CG_HD bool look(int block, int thread) const {
    bool finite = true;
    const Index end = smaller((block + Index{1}) * packs, count / width);  // of the whole packs
    Index pack = block * packs + thread;
    for (; pack + (batch - 1) * threads < end; pack += batch * threads) {
      Lanes<width> values[batch];
      unrolled<batch>([&](auto b) { values[b] = load<width>(x + (pack + b * threads) * width); });
      unrolled<batch>([&](auto b) { finite &= all_finite(values[b]); });
    }
    for (; pack < end; pack += threads) finite &= all_finite(load<width>(x + pack * width));
    const Index rest = count / width * width;  // its elements belong to the thread that the next pack would belong to
    if (pack * width == rest)
      for (Index k = rest; k < count; ++k) finite &= is_finite(load<1>(x + k)[0]);
    return finite;
  }
  CG_HD static bool all_finite(const Lanes<width>& values) {
    bool finite = true;
    for (int j = 0; j < width; ++j) finite &= is_finite(values[j]);
    return finite;
  }
  CG_HD static Index smaller(Index a, Index b) { return a < b ? a : b; }
};

/// The flag of all: a block for all parts.
struct FiniteAll {
  static constexpr int threads = 256;
  using Shared = FiniteParts<float>::Shared;

  int number;
  const std::uint32_t* parts;
  double* flag;

  template <class Block>
  CG_HD void operator()(Block& block, Shared& shared) const {
    block.phase([&](int thread) {
      std::uint32_t finite = 1;
      for (int k = thread; k < number; k += threads) finite &= parts[k];
      shared.finite[thread] = finite;
    });
    fold_lanes(block, threads, 1, [&](int into, int from) { shared.finite[into] &= shared.finite[from]; });
    block.finish([&](int thread) {
      if (thread == 0) *flag = static_cast<double>(shared.finite[0]);
    });
  }
};

/// The most blocks that look, and so the words of scratch that write_is_finite needs.
inline constexpr Index finite_parts = 1024;

/// *flag = 1 where all `count` numbers of x are finite, else 0. x, `parts` [finite_parts] and `flag` lie on the device,
/// x aligned to 16 bytes. `launch` as in block.h.
template <class T, class Launch>
void write_is_finite(const T* x, Index count, std::uint32_t* parts, double* flag, const Launch& launch) {
  constexpr Index least = 8 * FiniteParts<T>::threads;  // packs a block, so that a thread has some loads on their way
  const Index all = blocks_for(count, FiniteParts<T>::width);
  const Index packs = std::max(least, blocks_for(all, finite_parts));
  const Index blocks = blocks_for(all, packs);
  launch(blocks, FiniteParts<T>{count, packs, x, parts});
  launch(1, FiniteAll{static_cast<int>(blocks), parts, flag});
}

}  // namespace cg::cuda
