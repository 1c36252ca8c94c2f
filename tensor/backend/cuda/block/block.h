// SPDX-License-Identifier: Apache-2.0
// How the CUDA kernels are written. A body is a struct of pointers and sizes with
//   static constexpr int threads;                     of a block
//   struct Shared;                                    the block's shared memory, uninitialised
//   template <class Block> CG_HD void operator()(Block& block, Shared& shared) const;
// It works in phases: block.phase(f) runs f(thread) on every thread of the block and waits for all of them.
// block.finish(f) is the last phase, without a wait. Threads exchange numbers only from one phase to the next, through
// Shared. Blocks never exchange numbers.
// On a GPU a phase is f and a barrier (device_launch.h). The tests run the same body with a loop over the threads, in
// several orders: equal bits prove that no barrier is missing. Number and size of blocks follow from shapes alone,
// never from the device, and sums are added in a fixed order. So the same numbers give the same bits on every device.
// A launch starts a body: launch(blocks, body). The code that computes sizes and starts the bodies of an op is a
// template over the launch. So the tests run the code of the GPU except for the loop over threads.
#pragma once

#include <cassert>
#include <cstdint>
#include <type_traits>

#include "tensor/backend/cuda/block/host_device.h"
#include "tensor/tensor.h"

namespace cg::cuda {

/// For bodies without shared memory.
struct Nothing {};

/// Combines the values of `lanes` · `groups` threads in shared memory into the first `groups` of them, halving the
/// number of lanes in each phase: merge(into, from) for the threads into = lane · groups + group.
template <class Block, class Merge>
CG_HD void fold_lanes(Block& block, int lanes, int groups, const Merge& merge) {
  while (lanes > 1) {
    const int half = (lanes + 1) / 2, pairs = lanes - half;
    block.phase([&](int thread) {
      if (thread < pairs * groups) merge(thread, thread + half * groups);
    });
    lanes = half;
  }
}

/// A tensor's memory as elements of its type. All tensors are aligned to 16 bytes or more: the memory of a Backend, and
/// the parts of it in the parameter store and the memory plan. Single numbers, such as a flag, may be unaligned.
template <class T>
T* pointer(const Tensor& tensor) {
  assert(!tensor ||
         (dtype_of<std::remove_const_t<T>>() == tensor.dtype() &&
          reinterpret_cast<std::uintptr_t>(tensor.raw()) % (tensor.spec().count() == 1 ? alignof(T) : 16) == 0));
  return reinterpret_cast<T*>(tensor.raw());
}

/// The number of blocks for `count` items with `each` items per block.
inline Index blocks_for(Index count, Index each) { return (count + each - 1) / each; }

}  // namespace cg::cuda
