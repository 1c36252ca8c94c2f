// SPDX-License-Identifier: Apache-2.0
// Linear layers on the CPU: three matrix products by oneDNN's sgemm; formula in tensor/ops/linear.h.
#include "tensor/backend/cpu/cpu_backend.h"
#include "tensor/backend/cpu/kernels.h"

namespace cg::cpu {
namespace {

/// Sizes of one call: x [rows, inputs], W [outputs, inputs], y [rows, outputs].
struct Sizes {
  Index rows, inputs, outputs;
  explicit Sizes(const Call& call)
      : rows(call.in[0].shape()[0]), inputs(call.in[1].shape()[1]), outputs(call.in[1].shape()[0]) {}
};

float* floats(const Tensor& tensor) { return tensor.data<float>().data(); }

void forward(const Linear&, Call& call) {
  const Sizes s(call);
  dnnl::sgemm('N', 'T', s.rows, s.outputs, s.inputs, 1.0f, floats(call.in[0]), s.inputs, floats(call.in[1]), s.inputs,
              0.0f, floats(call.out[0]), s.outputs);
  float *y = floats(call.out[0]), *bias = floats(call.in[2]);
  for (Index n = 0; n < s.rows; ++n)
    for (Index o = 0; o < s.outputs; ++o) y[n * s.outputs + o] += bias[o];
}

void backward(const Linear&, Call& call) {
  const Sizes s(call);
  const float* dy = floats(call.grad_out[0]);
  if (call.grad_in[0])
    dnnl::sgemm('N', 'N', s.rows, s.inputs, s.outputs, 1.0f, dy, s.outputs, floats(call.in[1]), s.inputs, 0.0f,
                floats(call.grad_in[0]), s.inputs);
  if (call.grad_in[1])
    dnnl::sgemm('T', 'N', s.outputs, s.inputs, s.rows, 1.0f, dy, s.outputs, floats(call.in[0]), s.inputs, 0.0f,
                floats(call.grad_in[1]), s.inputs);
  if (!call.grad_in[2]) return;
  float* db = floats(call.grad_in[2]);
  std::fill_n(db, s.outputs, 0.0f);
  for (Index n = 0; n < s.rows; ++n)
    for (Index o = 0; o < s.outputs; ++o) db[o] += dy[n * s.outputs + o];
}

}  // namespace

Kernel<Linear> kernel(OpIn<Linear, float>) { return {forward, backward, nullptr, nullptr}; }

}  // namespace cg::cpu
