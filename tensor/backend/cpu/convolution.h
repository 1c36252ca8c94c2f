// SPDX-License-Identifier: Apache-2.0
// oneDNN's convolution as the CPU kernels use it: three directions of one problem, with their weights' own layouts and
// their scratch. Read next: small_volume.h.
#pragma once

#include <algorithm>
#include <vector>

#include "tensor/backend/cpu/cpu_backend.h"
#include "tensor/ops/conv3d.h"

namespace cg::cpu {

template <class T>
constexpr dnnl::memory::data_type onednn_type() {
  return std::is_same_v<T, float> ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;
}

/// Bytes rounded up so that what follows is aligned.
inline Index padded_bytes(std::size_t bytes) {
  constexpr Index alignment = 64;
  return (static_cast<Index>(bytes) + alignment - 1) / alignment * alignment;
}

/// One direction of one convolution: the primitive and what surrounds it.
struct Direction {
  dnnl::primitive primitive;
  dnnl::memory::desc weights;  ///< oneDNN's own layout of w or dw
  dnnl::memory::desc scratchpad;
  dnnl::primitive reorder;  ///< between the engine's layout and that one; empty where they are equal
  Index weights_bytes = 0;  ///< of the reordered copy

  Index workspace() const { return weights_bytes + padded_bytes(scratchpad.get_size()); }
};

/// Volumes channels-last in type T, weights [O, kD, kH, kW, I] in float. Primitives are made when first asked for.
template <class T>
class Convolution {
 public:
  Convolution(CpuBackend& backend, const Conv3d& op, const Shape& x, const Shape& w);

  Index forward_workspace() { return forward_direction().workspace(); }
  Index data_workspace() { return data_direction().workspace(); }
  Index weights_workspace() { return weights_direction().workspace(); }

  /// y = conv(x, w); dx and dw from dy. `scratch`: of the size above.
  void forward(const T* x, const float* w, T* y, std::byte* scratch);
  void backward_data(const T* dy, const float* w, T* dx, std::byte* scratch);
  void backward_weights(const T* x, const T* dy, float* dw, std::byte* scratch);

 private:
  using Desc = dnnl::memory::desc;
  const Direction& forward_direction();
  const Direction& data_direction();
  const Direction& weights_direction();
  dnnl::convolution_forward::primitive_desc describe_forward() const;
  Desc any_weights(dnnl::memory::data_type type) const;
  Direction direction(dnnl::primitive primitive, const Desc& weights, const Desc& scratchpad, bool to_onednn) const;
  dnnl::memory bind(const Desc& desc, const void* data) const;
  dnnl::memory own_layout(const Direction& direction, const float* w, std::byte* scratch);

  CpuBackend& backend_;
  Desc x_, w_, y_;
  dnnl::memory::dims stride_, padding_;
  dnnl::primitive_attr attributes_;
  Direction forward_, data_, weights_;
};

/// The cached convolution of a problem.
template <class T>
Convolution<T>& convolution(CpuBackend& backend, const Conv3d& op, const Shape& x, const Shape& w);

}  // namespace cg::cpu
