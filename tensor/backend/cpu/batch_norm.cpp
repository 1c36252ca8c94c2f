// SPDX-License-Identifier: Apache-2.0
// Batch norm, batch norm + ReLU, batch norm + residual + ReLU on the CPU; formulas in tensor/ops.
#include "tensor/backend/cpu/kernels.h"
#include "tensor/backend/cpu/norm_loops.h"

namespace cg::cpu {
namespace {

/// Mean and sum of squared distances from it of one block, a pair a channel.
template <class T>
void block_moments(const Rows& rows, const T* x, Index block, float* mean, float* squares) {
  const Index n = rows.end(block) - rows.begin(block), channels = rows.channels;
  std::fill_n(mean, channels, 0.0f);
  std::fill_n(squares, channels, 0.0f);
  for (Index r = rows.begin(block); r < rows.end(block); ++r) {
    const T* xr = x + r * channels;
#pragma omp simd
    for (Index c = 0; c < channels; ++c) mean[c] += static_cast<float>(xr[c]);
  }
  const float share = 1.0f / static_cast<float>(n);
  for (Index c = 0; c < channels; ++c) mean[c] *= share;
  for (Index r = rows.begin(block); r < rows.end(block); ++r) {
    const T* xr = x + r * channels;
#pragma omp simd
    for (Index c = 0; c < channels; ++c) {
      const float distance = static_cast<float>(xr[c]) - mean[c];
      squares[c] += distance * distance;
    }
  }
}

/// Chan's merge of all blocks: mean and biased variance of channel c.
std::pair<double, double> merged(const Rows& rows, const float* partial, Index c) {
  double n = 0, mean = 0, squares = 0;
  for (Index b = 0; b < rows.blocks(); ++b) {
    const double nb = static_cast<double>(rows.end(b) - rows.begin(b));
    const double delta = static_cast<double>(partial[b * 2 * rows.channels + c]) - mean;
    mean += delta * nb / (n + nb);
    squares += static_cast<double>(partial[(b * 2 + 1) * rows.channels + c]) + delta * delta * n * nb / (n + nb);
    n += nb;
  }
  return {mean, squares / n};
}

float blend(float running, double now, double momentum) {
  return static_cast<float>((1 - momentum) * static_cast<double>(running) + momentum * now);
}

}  // namespace

template <class T>
void norm_statistics(const NormAttributes& norm, Call& call) {
  const auto running_mean = call.in[3].data<float>(), running_variance = call.in[4].data<float>();
  const auto mean = call.saved[0].data<float>(), inverse_sd = call.saved[1].data<float>();
  const Rows rows(call.in[0].shape(), size_of(dtype_of<T>()));
  auto* partial = reinterpret_cast<float*>(call.workspace.raw());
  if (norm.training) {
    const T* x = call.in[0].data<T>().data();
#pragma omp parallel for schedule(static)
    for (Index b = 0; b < rows.blocks(); ++b)
      block_moments(rows, x, b, partial + b * 2 * rows.channels, partial + (b * 2 + 1) * rows.channels);
  }
  for (std::size_t c = 0; c < mean.size(); ++c) {
    double mu = static_cast<double>(running_mean[c]), variance = static_cast<double>(running_variance[c]);
    if (norm.training) {
      std::tie(mu, variance) = merged(rows, partial, static_cast<Index>(c));
      const double all = static_cast<double>(norm.equal_views * rows.rows);
      running_mean[c] = blend(running_mean[c], mu, norm.momentum);
      running_variance[c] = blend(running_variance[c], variance * all / (all - 1), norm.momentum);
    }
    mean[c] = static_cast<float>(mu);
    inverse_sd[c] = static_cast<float>(1 / std::sqrt(variance + norm.epsilon));
  }
}
template void norm_statistics<float>(const NormAttributes&, Call&);
template void norm_statistics<bfloat16>(const NormAttributes&, Call&);

namespace {

template <class O, class T>
Workspace workspace(const O&, const WorkspaceQuery& query) {
  return norm_workspace<T>(query.in[0].shape);
}

/// y = f(scale · x + shift), row by row.
template <class T, class F>
void apply_affine(Call& call, const F& f) {
  const Rows rows(call.in[0].shape(), size_of(dtype_of<T>()));
  const ScaleShift affine(call);
  T* y = call.out[0].data<T>().data();
  for_each_row(rows, call.in[0].data<T>().data(), [&](Index r, const T* x) {
    const float *scale = affine.scale.data(), *shift = affine.shift.data();
    T* out = y + r * rows.channels;
#pragma omp simd
    for (Index c = 0; c < rows.channels; ++c) out[c] = f(scale[c] * static_cast<float>(x[c]) + shift[c]);
  });
}

// Function objects, so that they are inlined into the loops.
constexpr auto identity = [](float value) { return value; };
constexpr auto positive = [](float value) { return rectified(value); };

template <class T>
void plain_recompute(const BatchNorm&, Call& call) {
  apply_affine<T>(call, identity);
}

template <class T>
void plain_forward(const BatchNorm& op, Call& call) {
  norm_statistics<T>(op.norm, call);
  apply_affine<T>(call, identity);
}

template <class T>
void plain_backward(const BatchNorm& op, Call& call) {
  const T* dy = call.grad_out[0].data<T>().data();
  const Index channels = call.in[0].shape().back();
  norm_backward<T>(op.norm, call, [=](Index r, const T*, float* g) {
#pragma omp simd
    for (Index c = 0; c < channels; ++c) g[c] = static_cast<float>(dy[r * channels + c]);
  });
}

template <class T>
void relu_recompute(const BatchNormRelu&, Call& call) {
  apply_affine<T>(call, positive);
}

template <class T>
void relu_forward(const BatchNormRelu& op, Call& call) {
  norm_statistics<T>(op.norm, call);
  apply_affine<T>(call, positive);
}

template <class T>
void relu_backward(const BatchNormRelu& op, Call& call) {
  const T* dy = call.grad_out[0].data<T>().data();
  const Index channels = call.in[0].shape().back();
  const ScaleShift affine(call);
  const float *scale = affine.scale.data(), *shift = affine.shift.data();
  norm_backward<T>(op.norm, call, [=](Index r, const T* x, float* g) {
    const T* dyr = dy + r * channels;
#pragma omp simd
    for (Index c = 0; c < channels; ++c)
      g[c] = passed(scale[c] * static_cast<float>(x[c]) + shift[c], static_cast<float>(dyr[c]));
  });
}

template <class T>
void add_relu_forward(const BatchNormAddRelu& op, Call& call) {
  norm_statistics<T>(op.norm, call);
  const Rows rows(call.in[0].shape(), size_of(dtype_of<T>()));
  const ScaleShift affine(call);
  const T* residual = call.in[5].data<T>().data();
  T* y = call.out[0].data<T>().data();
  for_each_row(rows, call.in[0].data<T>().data(), [&](Index r, const T* x) {
    const float *scale = affine.scale.data(), *shift = affine.shift.data();
    const T* other = residual + r * rows.channels;
    T* out = y + r * rows.channels;
#pragma omp simd
    for (Index c = 0; c < rows.channels; ++c)
      out[c] = positive(scale[c] * static_cast<float>(x[c]) + shift[c] + static_cast<float>(other[c]));
  });
}

template <class T>
void add_relu_backward(const BatchNormAddRelu& op, Call& call) {
  const T *y = call.out[0].data<T>().data(), *dy = call.grad_out[0].data<T>().data();
  const Index channels = call.in[0].shape().back();
  const auto masked = [=](Index r, const T*, float* g) {
    const T *yr = y + r * channels, *dyr = dy + r * channels;
#pragma omp simd
    for (Index c = 0; c < channels; ++c) g[c] = passed(static_cast<float>(yr[c]), static_cast<float>(dyr[c]));
  };
  norm_backward<T>(op.norm, call, masked);
  if (!call.grad_in[5]) return;
  T* d_residual = call.grad_in[5].data<T>().data();
  const Index size = call.out[0].spec().count();
#pragma omp parallel for simd schedule(static)
  for (Index k = 0; k < size; ++k) d_residual[k] = passed(static_cast<float>(y[k]), static_cast<float>(dy[k]));
}

template <class T>
constexpr Kernel<BatchNorm> batch_norm = {plain_forward<T>, plain_backward<T>, plain_recompute<T>,
                                          workspace<BatchNorm, T>};
template <class T>
constexpr Kernel<BatchNormRelu> batch_norm_relu = {relu_forward<T>, relu_backward<T>, relu_recompute<T>,
                                                   workspace<BatchNormRelu, T>};
template <class T>
constexpr Kernel<BatchNormAddRelu> batch_norm_add_relu = {add_relu_forward<T>, add_relu_backward<T>, nullptr,
                                                          workspace<BatchNormAddRelu, T>};

}  // namespace

Kernel<BatchNorm> kernel(OpIn<BatchNorm, float>) { return batch_norm<float>; }
Kernel<BatchNorm> kernel(OpIn<BatchNorm, bfloat16>) { return batch_norm<bfloat16>; }
Kernel<BatchNormRelu> kernel(OpIn<BatchNormRelu, float>) { return batch_norm_relu<float>; }
Kernel<BatchNormRelu> kernel(OpIn<BatchNormRelu, bfloat16>) { return batch_norm_relu<bfloat16>; }
Kernel<BatchNormAddRelu> kernel(OpIn<BatchNormAddRelu, float>) { return batch_norm_add_relu<float>; }
Kernel<BatchNormAddRelu> kernel(OpIn<BatchNormAddRelu, bfloat16>) { return batch_norm_add_relu<bfloat16>; }

}  // namespace cg::cpu
