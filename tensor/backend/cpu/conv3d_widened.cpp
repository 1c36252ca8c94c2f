// SPDX-License-Identifier: Apache-2.0
// bfloat16 convolutions on processors whose instructions have none (oneDNN 3 refuses them below AVX-512): volumes stay
// bfloat16 in memory, and a few samples at a time are widened to float32 in scratch, convolved there and rounded back.
// Half the memory of float32 at somewhat more than its time.
#include <algorithm>

#include "tensor/backend/cpu/convolution.h"
#include "tensor/backend/cpu/kernels.h"

namespace cg::cpu {
namespace {

constexpr Index chunk_bytes = Index{64} << 20;  // of both widened volumes: little beside a step's memory

Shape with_samples(Shape shape, Index samples) {
  shape[0] = samples;
  return shape;
}

Spec floats(Shape shape) { return {std::move(shape), DType::f32}; }

/// One convolution cut into chunks of samples: shapes, and the layout of the scratch: x, y, dw, then the float32
/// kernel's own.
struct Chunks {
  Shape x, w, y;
  Index samples;  ///< in a chunk; the last may hold fewer
  Index x_bytes, y_bytes, w_bytes;

  Chunks(const Conv3d& op, const Shape& volumes, const Shape& weights)
      : x(volumes), w(weights), y(window_output("conv3d", volumes, op.window(weights), weights[0])) {
    const Index of_one = floats(with_samples(x, 1)).size_bytes() + floats(with_samples(y, 1)).size_bytes();
    samples = std::clamp(chunk_bytes / of_one, Index{1}, x[0]);
    x_bytes = padded_bytes(static_cast<std::size_t>(floats(with_samples(x, samples)).size_bytes()));
    y_bytes = padded_bytes(static_cast<std::size_t>(floats(with_samples(y, samples)).size_bytes()));
    w_bytes = padded_bytes(static_cast<std::size_t>(floats(w).size_bytes()));
  }
  Index bytes() const { return x_bytes + y_bytes + w_bytes; }

  Tensor x_part(const Call& call, Index n) const { return call.workspace.part(floats(with_samples(x, n)), 0); }
  Tensor y_part(const Call& call, Index n) const { return call.workspace.part(floats(with_samples(y, n)), x_bytes); }
  Tensor w_part(const Call& call) const { return call.workspace.part(floats(w), x_bytes + y_bytes); }
  Tensor inner_part(const Call& call) const {
    return call.workspace.part({{call.workspace.spec().size_bytes() - bytes()}, DType::u8}, bytes());
  }
  /// A call of the float32 kernel for n samples.
  Call inner(const Call& call, Index n) const {
    Call made;
    made.in = {x_part(call, n), call.in[1]};
    made.workspace = inner_part(call);
    made.backend = call.backend;
    return made;
  }

  /// Calls body(first sample, number of samples) for each chunk.
  template <class Body>
  void for_each(const Body& body) const {
    for (Index first = 0; first < x[0]; first += samples) body(first, std::min(samples, x[0] - first));
  }
};

/// The samples of a bfloat16 volume from `first` on into all of `wide`.
void widen(const Tensor& volume, Index first, const Tensor& wide) {
  const Index size = wide.spec().count();
  const bfloat16* source = volume.data<bfloat16>().data() + first * (size / wide.shape()[0]);
  float* target = wide.data<float>().data();
#pragma omp parallel for simd schedule(static)
  for (Index k = 0; k < size; ++k) target[k] = source[k];
}

void narrow(const Tensor& wide, const Tensor& volume, Index first) {
  const Index size = wide.spec().count();
  const float* source = wide.data<float>().data();
  bfloat16* target = volume.data<bfloat16>().data() + first * (size / wide.shape()[0]);
#pragma omp parallel for simd schedule(static)
  for (Index k = 0; k < size; ++k) target[k] = source[k];
}

void forward(const Conv3d& op, Call& call) {
  const Chunks chunks(op, call.in[0].shape(), call.in[1].shape());
  const Kernel<Conv3d> wide = kernel(OpIn<Conv3d, float>{});
  chunks.for_each([&](Index first, Index n) {
    Call inner = chunks.inner(call, n);
    inner.out = {chunks.y_part(call, n)};
    widen(call.in[0], first, inner.in[0]);
    wide.forward(op, inner);
    narrow(inner.out[0], call.out[0], first);
  });
}

void backward(const Conv3d& op, Call& call) {
  const Chunks chunks(op, call.in[0].shape(), call.in[1].shape());
  const Kernel<Conv3d> wide = kernel(OpIn<Conv3d, float>{});
  const Tensor dx = call.grad_in[0], dw = call.grad_in[1];
  chunks.for_each([&](Index first, Index n) {
    Call inner = chunks.inner(call, n);
    inner.grad_out = {chunks.y_part(call, n)};
    widen(call.grad_out[0], first, inner.grad_out[0]);
    if (dw) {
      widen(call.in[0], first, inner.in[0]);
      inner.grad_in = {{}, first == 0 ? dw : chunks.w_part(call)};
      wide.backward(op, inner);
      if (first > 0) {
        float* sum = dw.data<float>().data();
        const float* addend = inner.grad_in[1].data<float>().data();
        const Index size = dw.spec().count();
#pragma omp parallel for simd schedule(static)
        for (Index k = 0; k < size; ++k) sum[k] += addend[k];
      }
    }
    if (dx) {  // last, as it takes the place of x
      inner.grad_in = {inner.in[0], {}};
      wide.backward(op, inner);
      narrow(inner.grad_in[0], dx, first);
    }
  });
}

Workspace workspace(const Conv3d& op, const WorkspaceQuery& query) {
  const Chunks chunks(op, query.in[0].shape, query.in[1].shape);
  Workspace most;
  const auto ask = [&](Index samples) {
    const std::vector<Spec> in = {floats(with_samples(chunks.x, samples)), floats(chunks.w)};
    const Workspace asked = kernel(OpIn<Conv3d, float>{}).workspace(op, {in, query.gradients, query.backend});
    most.forward = std::max(most.forward, chunks.bytes() + asked.forward);
    most.backward = std::max(most.backward, chunks.bytes() + asked.backward);
  };
  ask(chunks.samples);
  if (const Index rest = chunks.x[0] % chunks.samples; rest > 0) ask(rest);
  most.recompute = most.forward;
  return most;
}

}  // namespace

Kernel<Conv3d> conv3d_widened() { return {forward, backward, forward, workspace}; }

}  // namespace cg::cpu
