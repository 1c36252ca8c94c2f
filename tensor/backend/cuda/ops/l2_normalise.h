// SPDX-License-Identifier: Apache-2.0
// Rows of unit length, one block per row; formula in tensor/ops/l2_normalise.h. Limited by latency: a batch of
// embeddings is 32 KB.
#pragma once

#include <cmath>

#include "tensor/backend/cuda/block/block.h"
#include "tensor/backend/cuda/block/lanes.h"
#include "tensor/backend/cuda/ops/op_kernel.h"
#include "tensor/ops/l2_normalise.h"

namespace cg::cuda {

/// A block of these two bodies, and its sum over the row: Σ term(k), left in sum[0].
struct RowSum {
  static constexpr int threads = 128;
  float sum[threads];

  template <class Block, class Term>
  CG_HD void add_up(Block& block, int width, const Term& term) {
    block.phase([&](int thread) {
      float part = 0;
      for (int k = thread; k < width; k += threads) part += term(k);
      sum[thread] = part;
    });
    fold_lanes(block, threads, 1, [&](int into, int from) { sum[into] += sum[from]; });
  }
};

template <class T>
struct L2Forward {
  static constexpr int threads = RowSum::threads;
  using Shared = RowSum;

  int width;
  float epsilon;
  const T* x;
  T* y;
  float* norms;

  template <class Block>
  CG_HD void operator()(Block& block, Shared& shared) const {
    const Index row = static_cast<Index>(block.index()) * width;
    shared.add_up(block, width, [&](int k) {
      const float value = load<1>(x + row + k)[0];
      return value * value;
    });
    block.finish([&](int thread) {
      const float norm = std::sqrt(shared.sum[0]), divisor = std::max(norm, epsilon);
      if (thread == 0) norms[block.index()] = norm;
      for (int k = thread; k < width; k += threads) store<1>({load<1>(x + row + k)[0] / divisor}, y + row + k);
    });
  }
};

template <class T>
struct L2Backward {
  static constexpr int threads = RowSum::threads;
  using Shared = RowSum;

  int width;
  float epsilon;
  const T *y, *dy;
  const float* norms;
  T* dx;

  template <class Block>
  CG_HD void operator()(Block& block, Shared& shared) const {
    const Index row = static_cast<Index>(block.index()) * width;
    const float norm = norms[block.index()], divisor = std::max(norm, epsilon);
    shared.add_up(block, width, [&](int k) { return load<1>(y + row + k)[0] * load<1>(dy + row + k)[0]; });
    block.finish([&](int thread) {
      const float along = norm > epsilon ? shared.sum[0] : 0;
      for (int k = thread; k < width; k += threads)
        store<1>({(load<1>(dy + row + k)[0] - load<1>(y + row + k)[0] * along) / divisor}, dx + row + k);
    });
  }
};

template <class T, class Launch>
struct OpKernel<L2Normalise, T, Launch> {
  static Kernel<L2Normalise> get() { return {forward, backward, nullptr, nullptr}; }

  static void forward(const L2Normalise& op, Call& call) {
    const Shape& shape = call.in[0].shape();
    Launch{call}(shape[0],
                 L2Forward<T>{static_cast<int>(shape[1]), static_cast<float>(op.epsilon), pointer<const T>(call.in[0]),
                              pointer<T>(call.out[0]), pointer<float>(call.saved[0])});
  }
  static void backward(const L2Normalise& op, Call& call) {
    const Shape& shape = call.out[0].shape();
    Launch{call}(shape[0], L2Backward<T>{static_cast<int>(shape[1]), static_cast<float>(op.epsilon),
                                         pointer<const T>(call.out[0]), pointer<const T>(call.grad_out[0]),
                                         pointer<const float>(call.saved[0]), pointer<T>(call.grad_in[0])});
  }
};

}  // namespace cg::cuda
