// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cpu/small_volume.h"

#include <algorithm>

#include "tensor/backend/cpu/convolution.h"

namespace cg::cpu {
namespace {

using dnnl::memory;

template <class T>
dnnl::matmul::primitive_desc describe(CpuBackend& backend, Index rows, Index outputs, Index columns) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const memory::desc dy({outputs, rows}, onednn_type<T>(), memory::dims{1, outputs});  // transposed
  const memory::desc gathered({rows, columns}, onednn_type<T>(), memory::dims{columns, 1});
  const memory::desc dw({outputs, columns}, memory::data_type::f32, memory::dims{columns, 1});
  return {backend.engine(), dy, gathered, dw, attributes};
}

}  // namespace

template <class T>
SmallVolume<T>::SmallVolume(CpuBackend& backend, const Conv3d& op, const Shape& x, const Shape& w)
    : backend_(backend),
      window_(op.window(w)),
      in_(x),
      out_(window_output("conv3d", x, window_, w[0])),
      description_(describe<T>(backend, out_.voxels(), out_.channels, window_.size() * in_.channels)),
      product_(description_) {}

template <class T>
bool SmallVolume<T>::fits(const Window& window, const Shape& x, const Shape& y) {
  for (std::size_t a = 0; a < 3; ++a)
    if (window.kernel[a] > x[a + 1]) return true;
  return count(y) / y.back() <= 512;
}

template <class T>
Index SmallVolume<T>::columns_bytes() const {
  return padded_bytes(static_cast<std::size_t>(out_.voxels() * window_.size() * in_.channels) * sizeof(T));
}

template <class T>
Index SmallVolume<T>::workspace() const {
  return columns_bytes() + padded_bytes(description_.scratchpad_desc().get_size());
}

/// columns [rows, taps, I]: x under the window of each output position, zero in the padding.
template <class T>
void SmallVolume<T>::gather(const T* x, T* columns) const {
  const Index row_size = window_.size() * in_.channels;
#pragma omp parallel for schedule(static)
  for (Index row = 0; row < out_.voxels(); ++row) {
    const Index w = row % out_.width, h = row / out_.width % out_.height,
                d = row / (out_.width * out_.height) % out_.depth;
    const Index n = row / (out_.width * out_.height * out_.depth);
    T* target = columns + row * row_size;
    std::fill_n(target, row_size, T(0.0f));
    for_each_tap(in_, window_, d, h, w, [&](Index a, Index b, Index c, Index tap) {
      std::copy_n(x + in_.at(n, a, b, c), in_.channels, target + tap * in_.channels);
    });
  }
}

template <class T>
void SmallVolume<T>::backward_weights(const T* x, const T* dy, float* dw, std::byte* scratch) {
  auto* columns = reinterpret_cast<T*>(scratch);
  gather(x, columns);
  const auto& engine = backend_.engine();
  product_.execute(backend_.stream(),
                   {{DNNL_ARG_SRC, memory(description_.src_desc(), engine, const_cast<T*>(dy))},
                    {DNNL_ARG_WEIGHTS, memory(description_.weights_desc(), engine, columns)},
                    {DNNL_ARG_DST, memory(description_.dst_desc(), engine, dw)},
                    {DNNL_ARG_SCRATCHPAD, memory(description_.scratchpad_desc(), engine, scratch + columns_bytes())}});
}

template class SmallVolume<float>;
template class SmallVolume<bfloat16>;

}  // namespace cg::cpu
