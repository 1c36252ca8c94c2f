// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cpu/convolution.h"

namespace cg::cpu {

using dnnl::memory;
using tag = memory::format_tag;

template <class T>
Convolution<T>::Convolution(CpuBackend& backend, const Conv3d& op, const Shape& x, const Shape& w)
    : backend_(backend),
      x_({x[0], x[4], x[1], x[2], x[3]}, onednn_type<T>(), tag::ndhwc),
      w_({w[0], w[4], w[1], w[2], w[3]}, memory::data_type::f32, tag::odhwi),
      stride_(op.stride.begin(), op.stride.end()),
      padding_(op.padding.begin(), op.padding.end()) {
  const Shape y = window_output("conv3d", x, op.window(w), w[0]);
  y_ = memory::desc({y[0], y[4], y[1], y[2], y[3]}, onednn_type<T>(), tag::ndhwc);
  attributes_.set_scratchpad_mode(dnnl::scratchpad_mode::user);
}

template <class T>
memory::desc Convolution<T>::any_weights(memory::data_type type) const {
  return {w_.get_dims(), type, tag::any};
}

template <class T>
dnnl::convolution_forward::primitive_desc Convolution<T>::describe_forward() const {
  return {backend_.engine(),
          dnnl::prop_kind::forward_training,
          dnnl::algorithm::convolution_direct,
          x_,
          any_weights(onednn_type<T>()),
          y_,
          stride_,
          padding_,
          padding_,
          attributes_};
}

template <class T>
Direction Convolution<T>::direction(dnnl::primitive primitive, const Desc& weights, const Desc& scratchpad,
                                    bool to_onednn) const {
  Direction made{std::move(primitive), weights, scratchpad, {}, 0};
  if (weights == w_) return made;
  const auto& engine = backend_.engine();
  made.weights_bytes = padded_bytes(weights.get_size());
  made.reorder = to_onednn ? dnnl::reorder(dnnl::reorder::primitive_desc(engine, w_, engine, weights))
                           : dnnl::reorder(dnnl::reorder::primitive_desc(engine, weights, engine, w_));
  return made;
}

template <class T>
const Direction& Convolution<T>::forward_direction() {
  if (!forward_.primitive) {
    const auto pd = describe_forward();
    forward_ = direction(dnnl::convolution_forward(pd), pd.weights_desc(), pd.scratchpad_desc(), true);
  }
  return forward_;
}

template <class T>
const Direction& Convolution<T>::data_direction() {
  if (!data_.primitive) {
    const dnnl::convolution_backward_data::primitive_desc pd(backend_.engine(), dnnl::algorithm::convolution_direct, x_,
                                                             any_weights(onednn_type<T>()), y_, stride_, padding_,
                                                             padding_, describe_forward(), attributes_);
    data_ = direction(dnnl::convolution_backward_data(pd), pd.weights_desc(), pd.scratchpad_desc(), true);
  }
  return data_;
}

template <class T>
const Direction& Convolution<T>::weights_direction() {
  if (!weights_.primitive) {
    const dnnl::convolution_backward_weights::primitive_desc pd(backend_.engine(), dnnl::algorithm::convolution_direct,
                                                                x_, any_weights(memory::data_type::f32), y_, stride_,
                                                                padding_, padding_, describe_forward(), attributes_);
    weights_ = direction(dnnl::convolution_backward_weights(pd), pd.diff_weights_desc(), pd.scratchpad_desc(), false);
  }
  return weights_;
}

template <class T>
memory Convolution<T>::bind(const Desc& desc, const void* data) const {
  return {desc, backend_.engine(), const_cast<void*>(data)};  // oneDNN takes no pointers to const
}

/// w in oneDNN's layout, reordered into the scratch where it differs from ours.
template <class T>
memory Convolution<T>::own_layout(const Direction& direction, const float* w, std::byte* scratch) {
  memory ours = bind(w_, w);
  if (!direction.reorder) return ours;
  memory theirs = bind(direction.weights, scratch);
  direction.reorder.execute(backend_.stream(), {{DNNL_ARG_FROM, ours}, {DNNL_ARG_TO, theirs}});
  return theirs;
}

template <class T>
void Convolution<T>::forward(const T* x, const float* w, T* y, std::byte* scratch) {
  const Direction& d = forward_direction();
  d.primitive.execute(backend_.stream(), {{DNNL_ARG_SRC, bind(x_, x)},
                                          {DNNL_ARG_WEIGHTS, own_layout(d, w, scratch)},
                                          {DNNL_ARG_DST, bind(y_, y)},
                                          {DNNL_ARG_SCRATCHPAD, bind(d.scratchpad, scratch + d.weights_bytes)}});
}

template <class T>
void Convolution<T>::backward_data(const T* dy, const float* w, T* dx, std::byte* scratch) {
  const Direction& d = data_direction();
  d.primitive.execute(backend_.stream(), {{DNNL_ARG_DIFF_DST, bind(y_, dy)},
                                          {DNNL_ARG_WEIGHTS, own_layout(d, w, scratch)},
                                          {DNNL_ARG_DIFF_SRC, bind(x_, dx)},
                                          {DNNL_ARG_SCRATCHPAD, bind(d.scratchpad, scratch + d.weights_bytes)}});
}

template <class T>
void Convolution<T>::backward_weights(const T* x, const T* dy, float* dw, std::byte* scratch) {
  const Direction& d = weights_direction();
  memory ours = bind(w_, dw), theirs = d.reorder ? bind(d.weights, scratch) : ours;
  d.primitive.execute(backend_.stream(), {{DNNL_ARG_SRC, bind(x_, x)},
                                          {DNNL_ARG_DIFF_DST, bind(y_, dy)},
                                          {DNNL_ARG_DIFF_WEIGHTS, theirs},
                                          {DNNL_ARG_SCRATCHPAD, bind(d.scratchpad, scratch + d.weights_bytes)}});
  if (d.reorder) d.reorder.execute(backend_.stream(), {{DNNL_ARG_FROM, theirs}, {DNNL_ARG_TO, ours}});
}

template <class T>
Convolution<T>& convolution(CpuBackend& backend, const Conv3d& op, const Shape& x, const Shape& w) {
  std::vector<Index> key = {static_cast<Index>(dtype_of<T>())};
  for (const Shape* part : {&x, &w}) key.insert(key.end(), part->begin(), part->end());
  for (const Triple* part : {&op.stride, &op.padding}) key.insert(key.end(), part->begin(), part->end());
  return backend.cached<Convolution<T>>(key, [&] { return Convolution<T>(backend, op, x, w); });
}

template class Convolution<float>;
template class Convolution<bfloat16>;
template Convolution<float>& convolution(CpuBackend&, const Conv3d&, const Shape&, const Shape&);
template Convolution<bfloat16>& convolution(CpuBackend&, const Conv3d&, const Shape&, const Shape&);

}  // namespace cg::cpu
