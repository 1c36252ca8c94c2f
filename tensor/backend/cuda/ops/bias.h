// SPDX-License-Identifier: Apache-2.0
// The bias of a linear layer; formula in tensor/ops/linear.h. Bound by latency: a batch of features is 64 KB.
#pragma once

#include "tensor/backend/cuda/block/divider.h"
#include "tensor/backend/cuda/block/map.h"
#include "tensor/backend/cuda/block/segment_sums.h"

namespace cg::cuda {

/// y[n, o] += b[o]
template <class T>
struct AddBias {
  static constexpr int width = 1;
  Divider outputs;
  const float* bias;
  T* y;
  template <int N>
  CG_HD void at(Index k) const {
    int row = static_cast<int>(k);
    const int o = outputs.split(row);
    store<1>({load<1>(y + k)[0] + bias[o]}, y + k);
  }
};

/// y [n, O] += b [O], in place. `launch` as in block.h.
template <class T, class Launch>
void add_bias(const Tensor& bias, const Tensor& y, const Launch& launch) {
  launch_map(launch, y.spec().count(),
             AddBias<T>{Divider(static_cast<int>(y.shape()[1])), pointer<const float>(bias), pointer<T>(y)});
}

/// db [O] = Σ_n dy [n, O].
template <class T, class Launch>
void bias_gradient(const Tensor& dy, const Tensor& db, const Launch& launch) {
  segment_sums(1, dy.shape()[0], dy.shape()[1], 1.0f, pointer<const T>(dy), pointer<float>(db), launch);
}

}  // namespace cg::cuda
