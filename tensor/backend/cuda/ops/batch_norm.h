// SPDX-License-Identifier: Apache-2.0
// Batch norm, batch norm + ReLU, batch norm + residual + ReLU; formulas in tensor/ops/batch_norm*.h.
// Forward: statistics (norm_statistics.h), then one pass that writes y (norm_apply.h). Backward: sums, then dx
// (norm_backward.h). Each way reads the data twice. Each body's comment names what limits its kernel.
#pragma once

#include "tensor/backend/cuda/ops/norm_backward.h"
#include "tensor/backend/cuda/ops/op_kernel.h"
#include "tensor/ops/batch_norm_add_relu.h"
#include "tensor/ops/batch_norm_relu.h"

namespace cg::cuda {

/// The kernels of op O, which is a normalisation followed by `tail`.
template <class O, class T, Tail tail, class Launch>
struct NormKernels {
  static Workspace workspace(const O&, const WorkspaceQuery& query) {
    const Shape& shape = query.in[0].shape;
    const Index bytes = norm_scratch<T>(count(shape) / shape.back(), shape.back());
    return {.forward = bytes, .backward = bytes, .recompute = 0};
  }

  static void forward(const O& op, Call& call) {
    const Launch launch(call);
    norm_statistics<T>(op.norm, call, launch);
    apply_norm<T, tail>(call, launch);
  }

  static void recompute(const O&, Call& call) { apply_norm<T, tail>(call, Launch(call)); }

  static void backward(const O& op, Call& call) {
    const Launch launch(call);
    const Shape& shape = call.in[0].shape();
    const Index channels = shape.back();
    const RowTiles tiles = sum_tiles<T>(count(shape) / channels, channels);
    const T *x = pointer<const T>(call.in[0]), *dy = pointer<const T>(call.grad_out[0]);
    with_width<T>(channels, [&]<int N>() {
      RowGradients<T, N, tail> source{tiles.channels, x, dy};
      if constexpr (tail == Tail::add_relu) {
        source.y = pointer<const T>(call.out[0]);
        source.d_residual = pointer<T>(call.grad_in[5]);
        const float* factors = gradient_factors(op.norm, call, tiles, source, launch);
        if (!source.d_residual) return input_gradient<T>(call, source, factors, launch);
        // The first pass has written g: the second reads it instead of y and dy.
        const RowGradients<T, N, Tail::none> masked{tiles.channels, x, source.d_residual};
        input_gradient<T>(call, masked, factors, launch);
      } else {
        input_gradient<T>(call, source, gradient_factors(op.norm, call, tiles, source, launch), launch);
      }
    });
  }
};

template <class T, class Launch>
struct OpKernel<BatchNorm, T, Launch> {
  using K = NormKernels<BatchNorm, T, Tail::none, Launch>;
  static Kernel<BatchNorm> get() { return {K::forward, K::backward, K::recompute, K::workspace}; }
};

template <class T, class Launch>
struct OpKernel<BatchNormRelu, T, Launch> {
  using K = NormKernels<BatchNormRelu, T, Tail::relu, Launch>;
  static Kernel<BatchNormRelu> get() { return {K::forward, K::backward, K::recompute, K::workspace}; }
};

template <class T, class Launch>
struct OpKernel<BatchNormAddRelu, T, Launch> {
  using K = NormKernels<BatchNormAddRelu, T, Tail::add_relu, Launch>;
  static Kernel<BatchNormAddRelu> get() { return {K::forward, K::backward, nullptr, K::workspace}; }
};

}  // namespace cg::cuda
