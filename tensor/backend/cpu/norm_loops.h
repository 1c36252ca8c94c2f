// SPDX-License-Identifier: Apache-2.0
// The loops of batch normalisation on the CPU, shared by the plain and the fused ops. A channels-last volume is a
// matrix [rows, channels]. Rows are cut into blocks that fit the L2 cache; what blocks yield is combined in their
// order, so a result depends neither on the number of threads nor on their timing. What bounds them: memory. Forward
// reads x twice and writes y; backward reads x and dy twice and writes dx.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "tensor/ops/batch_norm.h"
#include "tensor/parallel.h"

namespace cg::cpu {

/// A channels-last volume as rows of channels, cut into blocks.
struct Rows {
  Index rows, channels, block_rows;

  Rows(const Shape& shape, Index element_bytes)
      : rows(count(shape) / shape.back()),
        channels(shape.back()),
        block_rows(std::max<Index>(1, block_bytes / (channels * element_bytes))) {}
  Index blocks() const { return (rows + block_rows - 1) / block_rows; }
  Index begin(Index block) const { return block * block_rows; }
  Index end(Index block) const { return std::min(rows, (block + 1) * block_rows); }
  /// Two numbers a channel for every block.
  Index partial_bytes() const { return blocks() * 2 * channels * static_cast<Index>(sizeof(float)); }

 private:
  static constexpr Index block_bytes = 96 * 1024;
};

/// The scratch of all kernels here: partial results of the blocks.
template <class T>
Workspace norm_workspace(const Shape& x) {
  const Index bytes = Rows(x, size_of(dtype_of<T>())).partial_bytes();
  return {.forward = bytes, .backward = bytes, .recompute = 0};
}

/// y = scale[c] · x + shift[c] is the normalised value; backward and recompute use the same two numbers as forward.
struct ScaleShift {
  std::vector<float> scale, shift;
  explicit ScaleShift(const Call& call) {
    const auto gamma = call.in[1].data<float>(), beta = call.in[2].data<float>();
    const auto mean = call.saved[0].data<float>(), inverse_sd = call.saved[1].data<float>();
    for (std::size_t c = 0; c < gamma.size(); ++c) {
      scale.push_back(gamma[c] * inverse_sd[c]);
      shift.push_back(beta[c] - mean[c] * scale.back());
    }
  }
};

/// Saved mean and 1/√(v + ε) of x, and the running statistics. In each block the mean first, then the squared distances
/// from it; blocks are merged by Chan's formula (Chan, Golub & LeVeque 1979) in double.
template <class T>
void norm_statistics(const NormAttributes& norm, Call& call);

/// Calls write(row, x row pointer) for all rows in parallel.
template <class T, class Write>
void for_each_row(const Rows& rows, const T* x, const Write& write) {
#pragma omp parallel for schedule(static)
  for (Index r = 0; r < rows.rows; ++r) write(r, x + r * rows.channels);
}

/// Σ g and Σ g x̂ a channel over `rows`, block by block: `load(row, x, g)` writes the values and gradients of a row.
template <class Load>
std::vector<double> gradient_sums(const Rows& rows, Call& call, const Load& load) {
  const Index channels = rows.channels;
  const float *mean = call.saved[0].data<float>().data(), *inverse_sd = call.saved[1].data<float>().data();
  auto* partial = reinterpret_cast<float*>(call.workspace.raw());
  RegionErrors errors;
#pragma omp parallel
  {
    const ThreadRow<float> x_row(channels, errors), g_row(channels, errors);
    float *x = x_row.data(), *g = g_row.data();
#pragma omp for schedule(static)
    for (Index b = 0; b < rows.blocks(); ++b) {
      if (!x || !g) continue;
      float *sum = partial + b * 2 * channels, *sum_hat = sum + channels;
      std::fill_n(sum, 2 * channels, 0.0f);
      for (Index r = rows.begin(b); r < rows.end(b); ++r) {
        load(r, x, g);
#pragma omp simd
        for (Index c = 0; c < channels; ++c) {
          sum[c] += g[c];
          sum_hat[c] += g[c] * ((x[c] - mean[c]) * inverse_sd[c]);
        }
      }
    }
  }
  errors.rethrow();
  std::vector<double> total(static_cast<std::size_t>(2 * channels), 0.0);
  for (Index b = 0; b < rows.blocks(); ++b)
    for (std::size_t k = 0; k < total.size(); ++k)
      total[k] += static_cast<double>(partial[static_cast<std::size_t>(b) * total.size() + k]);
  return total;
}

/// dγ and dβ from the sums, and dx = from_g · g + from_x · x + constant, the formula of batch_norm.h with its terms in
/// x collected. `gradient(row, x row, g)` writes the gradients of a row.
template <class T, class Gradient>
void write_gradients(const NormAttributes& norm, Call& call, const std::vector<double>& sums,
                     const Gradient& gradient) {
  const Rows rows(call.in[0].shape(), size_of(dtype_of<T>()));
  const auto mean = call.saved[0].data<float>(), inverse_sd = call.saved[1].data<float>(),
             gamma = call.in[1].data<float>();
  std::vector<float> from_g(gamma.size()), from_x(gamma.size()), constant(gamma.size());
  for (std::size_t c = 0; c < gamma.size(); ++c) {
    const double sum = sums[c], sum_hat = sums[c + gamma.size()], m = static_cast<double>(rows.rows);
    if (call.grad_in[1]) call.grad_in[1].data<float>()[c] = static_cast<float>(sum_hat);
    if (call.grad_in[2]) call.grad_in[2].data<float>()[c] = static_cast<float>(sum);
    const double scale = static_cast<double>(gamma[c]) * static_cast<double>(inverse_sd[c]);
    const double slope = norm.training ? -scale * static_cast<double>(inverse_sd[c]) * sum_hat / m : 0;
    from_g[c] = static_cast<float>(scale);
    from_x[c] = static_cast<float>(slope);
    constant[c] = static_cast<float>(norm.training ? -scale * sum / m - slope * static_cast<double>(mean[c]) : 0);
  }
  if (!call.grad_in[0]) return;
  const T* x = call.in[0].data<T>().data();
  T* dx = call.grad_in[0].data<T>().data();
  RegionErrors errors;
#pragma omp parallel
  {
    const ThreadRow<float> g_row(rows.channels, errors);
    float* g = g_row.data();
    const float *a = from_g.data(), *s = from_x.data(), *k = constant.data();
#pragma omp for schedule(static)
    for (Index r = 0; r < rows.rows; ++r) {
      if (!g) continue;
      const T* xr = x + r * rows.channels;
      T* out = dx + r * rows.channels;
      gradient(r, xr, g);
      if (norm.training) {
#pragma omp simd
        for (Index c = 0; c < rows.channels; ++c) out[c] = a[c] * g[c] + s[c] * static_cast<float>(xr[c]) + k[c];
      } else {  // not by a slope of 0: the product of 0 and NaN is NaN
#pragma omp simd
        for (Index c = 0; c < rows.channels; ++c) out[c] = a[c] * g[c];
      }
    }
  }
  errors.rethrow();
}

/// dγ, dβ and dx, where `gradient(row, x row, g)` writes dL/d(normalised value) of a row as floats.
template <class T, class Gradient>
void norm_backward(const NormAttributes& norm, Call& call, const Gradient& gradient) {
  const Rows rows(call.in[0].shape(), size_of(dtype_of<T>()));
  const T* x = call.in[0].data<T>().data();
  const auto sums = gradient_sums(rows, call, [&](Index r, float* values, float* g) {
    const T* xr = x + r * rows.channels;
#pragma omp simd
    for (Index c = 0; c < rows.channels; ++c) values[c] = static_cast<float>(xr[c]);
    gradient(r, xr, g);
  });
  write_gradients<T>(norm, call, sums, gradient);
}

}  // namespace cg::cpu
