// SPDX-License-Identifier: Apache-2.0
// Elementwise ops: each output element depends on the input elements at the same index. A thread takes the elements of
// 16 bytes; the last thread takes the rest. There is no loop: with all threads of a multiprocessor active, one access
// per thread keeps the memory busy.
#pragma once

#include "tensor/backend/cuda/block/block.h"
#include "tensor/backend/cuda/block/lanes.h"

namespace cg::cuda {

/// `F::width` elements per thread; f.template at<N>(k) computes elements k … k + N − 1.
template <class F>
struct Map {
  static constexpr int threads = 256;
  using Shared = Nothing;

  Index count;
  F f;

  template <class Block>
  CG_HD void operator()(Block& block, Shared&) const {
    block.finish([&](int thread) {
      const Index first = (static_cast<Index>(block.index()) * threads + thread) * F::width;
      if (first + F::width <= count)
        f.template at<F::width>(first);
      else
        for (Index k = first; k < count; ++k) f.template at<1>(k);
    });
  }
};

template <class Launch, class F>
void launch_map(const Launch& launch, Index count, const F& f) {
  launch(blocks_for(count, Map<F>::threads * F::width), Map<F>{count, f});
}

}  // namespace cg::cuda
