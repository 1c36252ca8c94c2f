// SPDX-License-Identifier: Apache-2.0
// y = max(0, x); formula in tensor/ops/relu.h. Bound by memory: 4 bytes an element forward, 6 backward in bfloat16.
#pragma once

#include "tensor/backend/cuda/block/map.h"
#include "tensor/backend/cuda/ops/op_kernel.h"
#include "tensor/ops/relu.h"

namespace cg::cuda {

template <class T>
struct ReluForward {
  static constexpr int width = vector_width<T>;
  const T* x;
  T* y;
  template <int N>
  CG_HD void at(Index k) const {
    Lanes<N> v = load<N>(x + k);
    for (int j = 0; j < N; ++j) v[j] = rectified(v[j]);
    store(v, y + k);
  }
};

template <class T>
struct ReluBackward {
  static constexpr int width = vector_width<T>;
  const T *y, *dy;
  T* dx;
  template <int N>
  CG_HD void at(Index k) const {
    const Lanes<N> result = load<N>(y + k);
    Lanes<N> g = load<N>(dy + k);
    for (int j = 0; j < N; ++j) g[j] = passed(result[j], g[j]);
    store(g, dx + k);
  }
};

template <class T, class Launch>
struct OpKernel<Relu, T, Launch> {
  static Kernel<Relu> get() { return {forward, backward, nullptr, nullptr}; }

  static void forward(const Relu&, Call& call) {
    launch_map(Launch(call), call.in[0].spec().count(),
               ReluForward<T>{pointer<const T>(call.in[0]), pointer<T>(call.out[0])});
  }
  static void backward(const Relu&, Call& call) {
    launch_map(Launch(call), call.out[0].spec().count(),
               ReluBackward<T>{pointer<const T>(call.out[0]), pointer<const T>(call.grad_out[0]),
                               pointer<T>(call.grad_in[0])});
  }
};

}  // namespace cg::cuda
