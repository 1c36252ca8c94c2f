// SPDX-License-Identifier: Apache-2.0
// The mean over all positions of a volume, m = D·H·W.
// Forward: y[n, c] = Σ_p x[n, p, c] / m
// Backward: dx[n, p, c] = dy[n, c] / m
#pragma once

#include "tensor/op.h"
#include "tensor/ops/require.h"
#include "tensor/ops/volume.h"

namespace cg {

/// Input: x [n, D, H, W, C]. Output: y [n, C], float32 where x is bfloat16.
struct GlobalAveragePool {
  static constexpr std::string_view name = "global_average_pool";
  static constexpr const char* input_names[] = {"x"};

  Plan plan(std::span<const Spec> in) const {
    require_rank(name, "input", in[0], 5);
    return {.outputs = {{{in[0].shape[0], in[0].shape[4]}, parameter_type(in[0].dtype)}}, .saved = {}};
  }
};

namespace reference {

template <class T>
void forward(const GlobalAveragePool&, Call& call) {
  const auto x = call.in[0].data<T>();
  const auto y = call.out[0].data<Param<T>>();
  const VolumeShape in(call.in[0].shape());
  const Index m = in.voxels() / in.n;
  for (Index n = 0; n < in.n; ++n)
    for (Index c = 0; c < in.channels; ++c) {
      double sum = 0;
      for (Index p = 0; p < m; ++p)
        sum += static_cast<double>(x[static_cast<std::size_t>((n * m + p) * in.channels + c)]);
      y[static_cast<std::size_t>(n * in.channels + c)] = static_cast<Param<T>>(sum / static_cast<double>(m));
    }
}

template <class T>
void backward(const GlobalAveragePool&, Call& call) {
  const auto dy = call.grad_out[0].data<Param<T>>();
  const auto dx = call.grad_in[0].data<T>();
  const VolumeShape in(call.grad_in[0].shape());
  const Index m = in.voxels() / in.n;
  for (Index n = 0; n < in.n; ++n)
    for (Index p = 0; p < m; ++p)
      for (Index c = 0; c < in.channels; ++c)
        dx[static_cast<std::size_t>((n * m + p) * in.channels + c)] =
            static_cast<T>(dy[static_cast<std::size_t>(n * in.channels + c)] / static_cast<Param<T>>(m));
}

}  // namespace reference
}  // namespace cg
