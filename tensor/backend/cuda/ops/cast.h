// SPDX-License-Identifier: Apache-2.0
// y = x in another type; formula in tensor/ops/cast.h. Bound by memory: 6 bytes an element between bfloat16 and
// float32.
#pragma once

#include "tensor/backend/cuda/block/map.h"
#include "tensor/backend/cuda/ops/op_kernel.h"
#include "tensor/ops/cast.h"

namespace cg::cuda {

template <class To, class From>
struct Convert {
  static constexpr int width = 4;
  const From* from;
  To* to;
  template <int N>
  CG_HD void at(Index k) const {
    if constexpr (std::is_same_v<To, double>) {
      Pack<double, N> out;
      const Lanes<N> in = load<N>(from + k);
      for (int j = 0; j < N; ++j) out.v[j] = static_cast<double>(in[j]);
      store_pack(out, to + k);
    } else {
      store(as_lanes<N>(from + k), to + k);
    }
  }

 private:
  template <int N>
  CG_HD static Lanes<N> as_lanes(const From* at) {
    if constexpr (std::is_same_v<From, double>) {
      const auto in = load_pack<double, N>(at);
      Lanes<N> out;
      for (int j = 0; j < N; ++j) out[j] = static_cast<float>(in.v[j]);
      return out;
    } else {
      return load<N>(at);
    }
  }
};

/// From, or to, activations of type T.
template <class T, class Launch>
struct OpKernel<Cast, T, Launch> {
  static Kernel<Cast> get() { return {forward, backward, nullptr, nullptr}; }

  static void forward(const Cast& op, Call& call) {
    with_type(op.to, [&]<class To>() { convert<To, T>(call.in[0], call.out[0], Launch(call)); });
  }
  static void backward(const Cast& op, Call& call) {
    with_type(op.to, [&]<class To>() { convert<T, To>(call.grad_out[0], call.grad_in[0], Launch(call)); });
  }

 private:
  template <class To, class From>
  static void convert(const Tensor& from, const Tensor& to, const Launch& launch) {
    launch_map(launch, from.spec().count(), Convert<To, From>{pointer<const From>(from), pointer<To>(to)});
  }
};

}  // namespace cg::cuda
