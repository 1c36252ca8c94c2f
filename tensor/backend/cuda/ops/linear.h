// SPDX-License-Identifier: Apache-2.0
// Linear layers on a GPU: three matrix products by cuBLASLt, the bias by our own kernels (bias.h); formula in
// tensor/ops/linear.h. Bound by latency: 64 rows of 512 numbers.
#pragma once

#include "tensor/backend/cuda/library/matrix.h"
#include "tensor/backend/cuda/ops/bias.h"
#include "tensor/ops/linear.h"

namespace cg::cuda {

/// `Products`, made from the call's backend: multiply(Matrix a, Matrix b, float* c), c = a · b.
template <class Launch, class Products>
struct LinearKernels {
  static void forward(const Linear&, Call& call) {
    const Matrix x(call.in[0]), w(call.in[1]);
    Products(*call.backend).multiply(x, w.transpose(), pointer<float>(call.out[0]));
    add_bias<float>(call.in[2], call.out[0], Launch(call));
  }

  static void backward(const Linear&, Call& call) {
    Products products(*call.backend);
    const Matrix x(call.in[0]), w(call.in[1]), dy(call.grad_out[0]);
    if (call.grad_in[0]) products.multiply(dy, w, pointer<float>(call.grad_in[0]));
    if (call.grad_in[1]) products.multiply(dy.transpose(), x, pointer<float>(call.grad_in[1]));
    if (call.grad_in[2]) bias_gradient<float>(call.grad_out[0], call.grad_in[2], Launch(call));
  }
};

template <class Launch, class Products>
Kernel<Linear> linear_kernel() {
  using Kernels = LinearKernels<Launch, Products>;
  return {Kernels::forward, Kernels::backward, nullptr, nullptr};
}

}  // namespace cg::cuda
