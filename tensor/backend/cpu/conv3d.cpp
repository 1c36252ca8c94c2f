// SPDX-License-Identifier: Apache-2.0
// 3D convolution on the CPU: which method for which shape. Volumes channels-last; weights in whatever layout oneDNN
// likes best, reordered at each use (they change each step); bfloat16 activations, float weights and weight gradients.
//   bfloat16 stem: 32 channels from one (stem.h) · few positions: weight gradient as a matrix product (small_volume.h)
//   · all else: oneDNN's convolutions (convolution.h)
#include "tensor/backend/cpu/convolution.h"
#include "tensor/backend/cpu/kernels.h"
#include "tensor/backend/cpu/small_volume.h"
#include "tensor/backend/cpu/stem.h"

namespace cg::cpu {
namespace {

/// One convolution's shapes, and the cached objects that compute it.
template <class T>
struct Problem {
  CpuBackend& backend;
  const Conv3d& op;
  const Shape &x, &w;

  bool is_stem() const { return std::is_same_v<T, bfloat16> && Stem::fits(op, x, w); }
  Convolution<T>& plain() const { return convolution<T>(backend, op, x, w); }
  Convolution<T>& packed(const Stem& stem) const {
    return convolution<T>(backend, Stem::convolution, stem.packed, stem.weights);
  }
  bool is_small() const {
    const Window window = op.window(w);
    return SmallVolume<T>::fits(window, x, window_output("conv3d", x, window, w[0]));
  }
  SmallVolume<T>& small() const {
    std::vector<Index> key = {-1 - static_cast<Index>(dtype_of<T>())};  // never that of a Convolution
    for (const Shape* part : {&x, &w}) key.insert(key.end(), part->begin(), part->end());
    for (const Triple* part : {&op.stride, &op.padding}) key.insert(key.end(), part->begin(), part->end());
    return backend.cached<SmallVolume<T>>(key, [&] { return SmallVolume<T>(backend, op, x, w); });
  }
};

template <class T>
Problem<T> problem(const Conv3d& op, const Call& call) {
  return {of(*call.backend), op, call.in[0].shape(), call.in[1].shape()};
}

/// The stem's scratch: G, W, then what the inner convolution asks for.
struct StemScratch {
  bfloat16* volume;
  float* weights;
  std::byte* inner;
  static Index volume_bytes(const Stem& stem) {
    return padded_bytes(static_cast<std::size_t>(count(stem.packed)) * sizeof(bfloat16));
  }
  static Index weights_bytes(const Stem& stem) {
    return padded_bytes(static_cast<std::size_t>(count(stem.weights)) * sizeof(float));
  }
  static Index bytes(const Stem& stem) { return volume_bytes(stem) + weights_bytes(stem); }

  StemScratch(const Stem& stem, std::byte* scratch)
      : volume(reinterpret_cast<bfloat16*>(scratch)),
        weights(reinterpret_cast<float*>(scratch + volume_bytes(stem))),
        inner(scratch + bytes(stem)) {}
};

void stem_forward(const Problem<bfloat16>& p, Call& call) {
  const Stem stem(p.x, p.w);
  const StemScratch scratch(stem, call.workspace.raw());
  pack_volumes(stem, call.in[0].data<bfloat16>().data(), p.x, scratch.volume);
  pack_weights(stem, call.in[1].data<float>().data(), scratch.weights);
  p.packed(stem).forward(scratch.volume, scratch.weights, call.out[0].data<bfloat16>().data(), scratch.inner);
}

void stem_backward_weights(const Problem<bfloat16>& p, Call& call) {
  const Stem stem(p.x, p.w);
  const StemScratch scratch(stem, call.workspace.raw());
  pack_volumes(stem, call.in[0].data<bfloat16>().data(), p.x, scratch.volume);
  p.packed(stem).backward_weights(scratch.volume, call.grad_out[0].data<bfloat16>().data(), scratch.weights,
                                  scratch.inner);
  p.backend.stream().wait();
  unpack_weights(stem, scratch.weights, call.grad_in[1].data<float>().data());
}

template <class T>
void forward(const Conv3d& op, Call& call) {
  const Problem<T> p = problem<T>(op, call);
  if constexpr (std::is_same_v<T, bfloat16>)
    if (p.is_stem()) return stem_forward(p, call);
  p.plain().forward(call.in[0].data<T>().data(), call.in[1].data<float>().data(), call.out[0].data<T>().data(),
                    call.workspace.raw());
}

template <class T>
void backward_weights(const Problem<T>& p, Call& call) {
  if constexpr (std::is_same_v<T, bfloat16>)
    if (p.is_stem()) return stem_backward_weights(p, call);
  const T *x = call.in[0].data<T>().data(), *dy = call.grad_out[0].data<T>().data();
  float* dw = call.grad_in[1].data<float>().data();
  if (p.is_small())
    p.small().backward_weights(x, dy, dw, call.workspace.raw());
  else
    p.plain().backward_weights(x, dy, dw, call.workspace.raw());
}

template <class T>
void backward(const Conv3d& op, Call& call) {
  const Problem<T> p = problem<T>(op, call);
  if (call.grad_in[0])
    p.plain().backward_data(call.grad_out[0].data<T>().data(), call.in[1].data<float>().data(),
                            call.grad_in[0].data<T>().data(), call.workspace.raw());
  if (call.grad_in[1]) backward_weights(p, call);
}

template <class T>
Workspace workspace(const Conv3d& op, const WorkspaceQuery& query) {
  const Problem<T> p{of(query.backend), op, query.in[0].shape, query.in[1].shape};
  Index forward = 0, weights = 0;
  if (p.is_stem()) {
    const Stem stem(p.x, p.w);
    forward = StemScratch::bytes(stem) + p.packed(stem).forward_workspace();
    weights = StemScratch::bytes(stem) + p.packed(stem).weights_workspace();
  } else {
    forward = p.plain().forward_workspace();
    weights = p.is_small() ? p.small().workspace() : p.plain().weights_workspace();
  }
  if (!(query.gradients & 0b10)) weights = 0;
  const Index data = query.gradients & 0b01 ? p.plain().data_workspace() : 0;
  return {.forward = forward, .backward = std::max(data, weights), .recompute = forward};
}

template <class T>
constexpr Kernel<Conv3d> in_type = {forward<T>, backward<T>, forward<T>, workspace<T>};

}  // namespace

Kernel<Conv3d> kernel(OpIn<Conv3d, float>) { return in_type<float>; }
Kernel<Conv3d> kernel(OpIn<Conv3d, bfloat16>) { return in_type<bfloat16>; }

}  // namespace cg::cpu
