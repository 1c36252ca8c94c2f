// 3D convolution on the CPU by oneDNN: volumes channels-last, weights in whatever layout oneDNN likes best, reordered
// at each use (they change each step). bfloat16 activations, float weights and weight gradients.
#include <algorithm>

#include "tensor/backend/cpu/cpu_backend.h"
#include "tensor/backend/cpu/kernels.h"

namespace cg::cpu {
namespace {

using dnnl::memory;
using tag = memory::format_tag;

constexpr Index alignment = 64;
Index padded(std::size_t bytes) { return (static_cast<Index>(bytes) + alignment - 1) / alignment * alignment; }

template <class T>
constexpr memory::data_type type_of() {
  return std::is_same_v<T, float> ? memory::data_type::f32 : memory::data_type::bf16;
}

/// One direction of one convolution: the primitive and what surrounds it.
struct Direction {
  dnnl::primitive primitive;
  memory::desc weights;  ///< oneDNN's own layout of w or dw
  memory::desc scratchpad;
  dnnl::primitive reorder;  ///< between the engine's layout and that one; empty where they are equal
  Index weights_bytes = 0;  ///< of the reordered copy

  Index workspace() const { return weights_bytes + padded(scratchpad.get_size()); }
};

/// The three directions of one convolution, each made when it is first asked for.
template <class T>
class Primitives {
 public:
  Primitives(CpuBackend& backend, const Conv3d& op, const Spec& x, const Spec& w)
      : engine_(backend.engine()),
        x_({x.shape[0], x.shape[4], x.shape[1], x.shape[2], x.shape[3]}, type_of<T>(), tag::ndhwc),
        w_(dims(w.shape), memory::data_type::f32, tag::odhwi),
        stride_(op.stride.begin(), op.stride.end()),
        padding_(op.padding.begin(), op.padding.end()) {
    const Shape y = window_output("conv3d", x.shape, op.window(w.shape), w.shape[0]);
    y_ = memory::desc({y[0], y[4], y[1], y[2], y[3]}, type_of<T>(), tag::ndhwc);
    attributes_.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  }

  const Direction& forward() {
    if (!forward_.primitive) {
      const auto pd = describe_forward();
      forward_ = direction(dnnl::convolution_forward(pd), pd.weights_desc(), pd.scratchpad_desc(), true);
    }
    return forward_;
  }
  const Direction& data() {
    if (!data_.primitive) {
      const dnnl::convolution_backward_data::primitive_desc pd(engine_, dnnl::algorithm::convolution_direct, x_,
                                                               any_weights(type_of<T>()), y_, stride_, padding_,
                                                               padding_, describe_forward(), attributes_);
      data_ = direction(dnnl::convolution_backward_data(pd), pd.weights_desc(), pd.scratchpad_desc(), true);
    }
    return data_;
  }
  const Direction& weights() {
    if (!weights_.primitive) {
      const dnnl::convolution_backward_weights::primitive_desc pd(engine_, dnnl::algorithm::convolution_direct, x_,
                                                                  any_weights(memory::data_type::f32), y_, stride_,
                                                                  padding_, padding_, describe_forward(), attributes_);
      weights_ = direction(dnnl::convolution_backward_weights(pd), pd.diff_weights_desc(), pd.scratchpad_desc(), false);
    }
    return weights_;
  }

  memory x(void* data) const { return {x_, engine_, data}; }
  memory y(void* data) const { return {y_, engine_, data}; }
  memory w(void* data) const { return {w_, engine_, data}; }

 private:
  static memory::dims dims(const Shape& w) { return {w[0], w[4], w[1], w[2], w[3]}; }
  memory::desc any_weights(memory::data_type type) const { return {w_.get_dims(), type, tag::any}; }
  dnnl::convolution_forward::primitive_desc describe_forward() const {
    return {engine_,
            dnnl::prop_kind::forward_training,
            dnnl::algorithm::convolution_direct,
            x_,
            any_weights(type_of<T>()),
            y_,
            stride_,
            padding_,
            padding_,
            attributes_};
  }
  Direction direction(dnnl::primitive primitive, const memory::desc& weights, const memory::desc& scratchpad, bool in) {
    Direction made{std::move(primitive), weights, scratchpad, {}, 0};
    if (weights == w_) return made;
    made.weights_bytes = padded(weights.get_size());
    made.reorder = in ? dnnl::reorder(dnnl::reorder::primitive_desc(engine_, w_, engine_, weights))
                      : dnnl::reorder(dnnl::reorder::primitive_desc(engine_, weights, engine_, w_));
    return made;
  }

  dnnl::engine engine_;
  memory::desc x_, w_, y_;
  memory::dims stride_, padding_;
  dnnl::primitive_attr attributes_;
  Direction forward_, data_, weights_;
};

template <class T>
Primitives<T>& primitives(CpuBackend& backend, const Conv3d& op, const Spec& x, const Spec& w) {
  std::vector<Index> key = {static_cast<Index>(dtype_of<T>())};
  for (const auto* part : {&x.shape, &w.shape}) key.insert(key.end(), part->begin(), part->end());
  for (const auto* part : {&op.stride, &op.padding}) key.insert(key.end(), part->begin(), part->end());
  return backend.cached<Primitives<T>>(key, [&] { return Primitives<T>(backend, op, x, w); });
}

/// Places one direction's weights and scratchpad in the call's workspace.
struct Scratch {
  std::byte* start;
  const Direction& direction;
  const dnnl::engine& engine;
  memory weights() const { return {direction.weights, engine, start}; }
  memory scratchpad() const { return {direction.scratchpad, engine, start + direction.weights_bytes}; }
};

/// w in oneDNN's layout, reordered into the scratch where it differs from ours.
memory reordered(CpuBackend& backend, const Scratch& scratch, memory w) {
  if (!scratch.direction.reorder) return w;
  memory weights = scratch.weights();
  scratch.direction.reorder.execute(backend.stream(), {{DNNL_ARG_FROM, w}, {DNNL_ARG_TO, weights}});
  return weights;
}

template <class T>
void forward(const Conv3d& op, Call& call) {
  CpuBackend& backend = of(*call.backend);
  auto& all = primitives<T>(backend, op, call.in[0].spec(), call.in[1].spec());
  const Scratch scratch{call.workspace.bytes(), all.forward(), backend.engine()};
  all.forward().primitive.execute(backend.stream(),
                                  {{DNNL_ARG_SRC, all.x(call.in[0].bytes())},
                                   {DNNL_ARG_WEIGHTS, reordered(backend, scratch, all.w(call.in[1].bytes()))},
                                   {DNNL_ARG_DST, all.y(call.out[0].bytes())},
                                   {DNNL_ARG_SCRATCHPAD, scratch.scratchpad()}});
}

template <class T>
void backward(const Conv3d& op, Call& call) {
  CpuBackend& backend = of(*call.backend);
  auto& all = primitives<T>(backend, op, call.in[0].spec(), call.in[1].spec());
  const memory dy = all.y(call.grad_out[0].bytes());
  if (call.grad_in[0]) {
    const Scratch scratch{call.workspace.bytes(), all.data(), backend.engine()};
    all.data().primitive.execute(backend.stream(),
                                 {{DNNL_ARG_DIFF_DST, dy},
                                  {DNNL_ARG_WEIGHTS, reordered(backend, scratch, all.w(call.in[1].bytes()))},
                                  {DNNL_ARG_DIFF_SRC, all.x(call.grad_in[0].bytes())},
                                  {DNNL_ARG_SCRATCHPAD, scratch.scratchpad()}});
  }
  if (call.grad_in[1]) {
    const Scratch scratch{call.workspace.bytes(), all.weights(), backend.engine()};
    memory target = all.w(call.grad_in[1].bytes());
    memory dw = all.weights().reorder ? scratch.weights() : target;
    all.weights().primitive.execute(backend.stream(), {{DNNL_ARG_SRC, all.x(call.in[0].bytes())},
                                                       {DNNL_ARG_DIFF_DST, dy},
                                                       {DNNL_ARG_DIFF_WEIGHTS, dw},
                                                       {DNNL_ARG_SCRATCHPAD, scratch.scratchpad()}});
    if (all.weights().reorder)
      all.weights().reorder.execute(backend.stream(), {{DNNL_ARG_FROM, dw}, {DNNL_ARG_TO, target}});
  }
  backend.stream().wait();
}

template <class T>
Workspace workspace(const Conv3d& op, const WorkspaceQuery& query) {
  auto& all = primitives<T>(of(query.backend), op, query.in[0], query.in[1]);
  const Index data = query.gradients & 0b01 ? all.data().workspace() : 0;
  const Index weights = query.gradients & 0b10 ? all.weights().workspace() : 0;
  return {.forward = all.forward().workspace(), .backward = std::max(data, weights)};
}

}  // namespace

template <class T>
Kernel<Conv3d> conv3d() {
  return {forward<T>, backward<T>, nullptr, workspace<T>};
}
template Kernel<Conv3d> conv3d<float>();
template Kernel<Conv3d> conv3d<bfloat16>();

}  // namespace cg::cpu
