// SPDX-License-Identifier: Apache-2.0
// Add, cast, global average pool and the Adam update on the CPU: one vectorised pass each, bound by memory.
#include "tensor/backend/cpu/kernels.h"

namespace cg::cpu {
namespace {

template <class T>
void add_forward(const Add&, Call& call) {
  const T *a = call.in[0].data<T>().data(), *b = call.in[1].data<T>().data();
  T* y = call.out[0].data<T>().data();
  const Index size = call.out[0].spec().count();
#pragma omp parallel for simd schedule(static)
  for (Index k = 0; k < size; ++k) y[k] = static_cast<float>(a[k]) + static_cast<float>(b[k]);
}

template <class To, class From>
void convert(const Tensor& from, const Tensor& to) {
  const From* source = from.data<From>().data();
  To* target = to.data<To>().data();
  const Index size = from.spec().count();
#pragma omp parallel for simd schedule(static)
  for (Index k = 0; k < size; ++k) target[k] = static_cast<float>(source[k]);
}

template <class T>
void cast_forward(const Cast& op, Call& call) {
  if (op.to == DType::f64) return reference::forward<T>(op, call);
  op.to == DType::f32 ? convert<float, T>(call.in[0], call.out[0]) : convert<bfloat16, T>(call.in[0], call.out[0]);
}

template <class T>
void cast_backward(const Cast& op, Call& call) {
  if (op.to == DType::f64) return reference::backward<T>(op, call);
  op.to == DType::f32 ? convert<T, float>(call.grad_out[0], call.grad_in[0])
                      : convert<T, bfloat16>(call.grad_out[0], call.grad_in[0]);
}

template <class T>
void pool_forward(const GlobalAveragePool&, Call& call) {
  const VolumeShape in(call.in[0].shape());
  const Index m = in.voxels() / in.n, channels = in.channels;
  const T* x = call.in[0].data<T>().data();
  float* y = call.out[0].data<float>().data();
#pragma omp parallel for schedule(static)
  for (Index n = 0; n < in.n; ++n) {
    float* sum = y + n * channels;
    std::fill_n(sum, channels, 0.0f);
    for (Index p = 0; p < m; ++p) {
      const T* row = x + (n * m + p) * channels;
#pragma omp simd
      for (Index c = 0; c < channels; ++c) sum[c] += static_cast<float>(row[c]);
    }
    for (Index c = 0; c < channels; ++c) sum[c] /= static_cast<float>(m);
  }
}

template <class T>
void pool_backward(const GlobalAveragePool&, Call& call) {
  const VolumeShape in(call.grad_in[0].shape());
  const Index m = in.voxels() / in.n, channels = in.channels;
  const float* dy = call.grad_out[0].data<float>().data();
  T* dx = call.grad_in[0].data<T>().data();
#pragma omp parallel for collapse(2) schedule(static)
  for (Index n = 0; n < in.n; ++n)
    for (Index p = 0; p < m; ++p) {
      T* row = dx + (n * m + p) * channels;
      const float* g = dy + n * channels;
#pragma omp simd
      for (Index c = 0; c < channels; ++c) row[c] = g[c] / static_cast<float>(m);
    }
}

void adam_forward(const AdamUpdate& op, Call& call) {
  const AdamControl now(op, call);
  if (now.finite == 0) return;
  float *p = call.in[0].data<float>().data(), *m = call.in[2].data<float>().data(),
        *v = call.in[3].data<float>().data();
  const float* g = call.in[1].data<float>().data();
  const auto decay = static_cast<float>(op.weight_decay), epsilon = static_cast<float>(op.epsilon);
  const auto beta1 = static_cast<float>(op.beta1), beta2 = static_cast<float>(op.beta2);
  const auto rest1 = static_cast<float>(1 - op.beta1), rest2 = static_cast<float>(1 - op.beta2);
  const auto step = static_cast<float>(now.rate / now.first);
  const auto correction = static_cast<float>(1 / std::sqrt(now.second));
  const Index size = call.in[0].spec().count();
#pragma omp parallel for simd schedule(static)
  for (Index k = 0; k < size; ++k) {
    const float gradient = g[k] + decay * p[k];
    m[k] = beta1 * m[k] + rest1 * gradient;
    v[k] = beta2 * v[k] + rest2 * gradient * gradient;
    p[k] -= step * m[k] / (std::sqrt(v[k]) * correction + epsilon);
  }
  write_bfloat16_copy<float>(call);  // none in training: no kernel of the CPU reads it
}

template <class T>
constexpr Kernel<Add> add = {add_forward<T>, reference::backward<T>, nullptr, nullptr};
template <class T>
constexpr Kernel<Cast> cast = {cast_forward<T>, cast_backward<T>, nullptr, nullptr};
template <class T>
constexpr Kernel<GlobalAveragePool> global_average_pool = {pool_forward<T>, pool_backward<T>, nullptr, nullptr};

}  // namespace

Kernel<Add> kernel(OpIn<Add, float>) { return add<float>; }
Kernel<Add> kernel(OpIn<Add, bfloat16>) { return add<bfloat16>; }
Kernel<Cast> kernel(OpIn<Cast, float>) { return cast<float>; }
Kernel<Cast> kernel(OpIn<Cast, bfloat16>) { return cast<bfloat16>; }
Kernel<GlobalAveragePool> kernel(OpIn<GlobalAveragePool, float>) { return global_average_pool<float>; }
Kernel<GlobalAveragePool> kernel(OpIn<GlobalAveragePool, bfloat16>) { return global_average_pool<bfloat16>; }
Kernel<AdamUpdate> kernel(OpIn<AdamUpdate, float>) { return {adam_forward, nullptr, nullptr, nullptr}; }

}  // namespace cg::cpu
