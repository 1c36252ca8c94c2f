// SPDX-License-Identifier: Apache-2.0
// y = a + b, also in place; formula in tensor/ops/add.h. Bound by memory: 6 bytes an element forward, 4 to 6 backward
// in bfloat16.
#pragma once

#include "tensor/backend/cuda/block/map.h"
#include "tensor/backend/cuda/ops/op_kernel.h"
#include "tensor/ops/add.h"

namespace cg::cuda {

template <class T>
struct AddForward {
  static constexpr int width = vector_width<T>;
  const T *a, *b;
  T* y;  ///< may be a or b
  template <int N>
  CG_HD void at(Index k) const {
    Lanes<N> sum = load<N>(a + k);
    const Lanes<N> other = load<N>(b + k);
    for (int j = 0; j < N; ++j) sum[j] += other[j];
    store(sum, y + k);
  }
};

template <class T>
struct AddBackward {
  static constexpr int width = vector_width<T>;
  const T* dy;
  T *da, *db;  ///< either may be null
  template <int N>
  CG_HD void at(Index k) const {
    const auto g = load_pack<T, N>(dy + k);
    if (da) store_pack(g, da + k);
    if (db) store_pack(g, db + k);
  }
};

template <class T, class Launch>
struct OpKernel<Add, T, Launch> {
  static Kernel<Add> get() { return {forward, backward, nullptr, nullptr}; }

  static void forward(const Add&, Call& call) {
    launch_map(Launch(call), call.out[0].spec().count(),
               AddForward<T>{pointer<const T>(call.in[0]), pointer<const T>(call.in[1]), pointer<T>(call.out[0])});
  }
  static void backward(const Add&, Call& call) {
    launch_map(
        Launch(call), call.grad_out[0].spec().count(),
        AddBackward<T>{pointer<const T>(call.grad_out[0]), pointer<T>(call.grad_in[0]), pointer<T>(call.grad_in[1])});
  }
};

}  // namespace cg::cuda
