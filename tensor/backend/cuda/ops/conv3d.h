// SPDX-License-Identifier: Apache-2.0
// 3D convolution on a GPU by cuDNN's engines, and what surrounds them:
//   - An engine works in one type. In bfloat16 the weights, which are float32, are read from the copy that the update
//     keeps, or rounded to one in the workspace first.
//   - In bfloat16 weight gradients come out of the engines in bfloat16 (cuDNN sums in float32, but hands nothing else
//     out) and are converted immediately. They lose the last 16 bits of each sum, as in PyTorch's mixed precision, for
//     engines that are as fast as the forward's; Adam's moments and the weights stay float32.
//   - The stem in bfloat16 is computed with 32 channels in the place of one (stem.h).
//   - Tensors of 2³¹ elements and more are computed in parts of the batch.
// All is a template of who starts kernels and of the engines, so that the tests run it without a GPU.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tensor/backend/convolution_problem.h"
#include "tensor/backend/cuda/ops/cast.h"
#include "tensor/backend/cuda/ops/stem.h"
#include "tensor/error.h"

namespace cg::cuda {

/// Cuts aligned pieces off a workspace; without memory it only measures.
class Pieces {
 public:
  explicit Pieces(std::byte* memory) : memory_(memory) {}
  template <class T>
  T* take(Index elements) {
    constexpr Index alignment = 256;
    std::byte* at = memory_ ? memory_ + used_ : nullptr;
    used_ += (elements * static_cast<Index>(sizeof(T)) + alignment - 1) / alignment * alignment;
    return reinterpret_cast<T*>(at);
  }
  Index used() const { return used_; }

 private:
  std::byte* memory_;
  Index used_ = 0;
};

/// sum = part, or sum + part. Bound by memory: reads a weight's part, writes its sum (and reads it), 6 to 12 bytes.
template <class T>
struct AddPart {
  static constexpr int width = 4;
  const T* part;
  float* sum;
  bool adds;
  template <int N>
  CG_HD void at(Index k) const {
    Lanes<N> total = load<N>(part + k);
    if (adds) {
      const Lanes<N> before = load<N>(sum + k);
      for (int j = 0; j < N; ++j) total[j] += before[j];
    }
    store(total, sum + k);
  }
};

/// A convolution's weights. `rounded` are those of the activations' type, null where they must be made.
template <class T>
struct Weights {
  const float* values;
  const T* rounded;
};

/// How many of n samples are computed together: no tensor of a part has more than `largest` elements, and each part
/// begins at a multiple of 16 bytes, as the engines require. `x`, `y`: elements of a sample.
/// Errors: usage, where that would leave no sample.
template <class T>
Index samples_at_once(Index n, Index x, Index y, Index largest) {
  const Index fit = std::max<Index>(1, largest / std::max(x, y));
  if (n <= fit) return n;
  const auto aligned = [](Index elements) { return elements * static_cast<Index>(sizeof(T)) % 16 == 0; };
  Index step = 1;  // samples from one aligned place to the next
  while (!aligned(step * x) || !aligned(step * y)) step *= 2;
  if (step > fit)
    fail(ErrorKind::usage, "conv3d",
         "volumes of " + std::to_string(std::max(x, y)) + " elements are too large for parts of a batch",
         "Use smaller volumes, or a model.width that is a multiple of 8.");
  const Index parts = blocks_for(n, fit / step * step);
  return blocks_for(blocks_for(n, parts), step) * step;  // of nearly the same size
}

/// One direction of one convolution with activations of type T. `Engines`, made from a backend:
///   Index workspace(const ConvolutionProblem&)        bytes. Errors: device, where no engine can compute it
///   void run(const ConvolutionProblem&, void* x, void* w, void* y, void* workspace)
///   Index largest_tensor() const                      elements
template <class T, class Engines>
class Convolution {
 public:
  /// `adds`: a data gradient is added to the one that is there.
  Convolution(Engines engines, const Conv3d& op, const Shape& x, const Shape& w, Direction direction, bool adds = false)
      : engines_(std::move(engines)),
        op_(op),
        direction_(direction),
        adds_(adds),
        given_x_(x),
        given_w_(w),
        x_(x),
        w_(w) {
    if (std::is_same_v<T, bfloat16> && direction != Direction::data_gradient && Stem::fits(op, x, w)) {
      stem_.emplace(x, w);
      op_ = Stem::convolution;
      x_ = stem_->packed;
      w_ = stem_->weights;
    }
    y_ = window_output("conv3d", x_, op_.window(w_), w_[0]);
    at_once_ = samples_at_once<T>(x_[0], count(x_) / x_[0], count(y_) / x_[0], engines_.largest_tensor());
    parts_ = blocks_for(x_[0], at_once_);
  }

  /// Bytes of the scratch that the functions below need.
  Index workspace() {
    Pieces pieces(nullptr);
    lay_out(pieces);
    return pieces.used();
  }

  /// What the engines are asked for a part of the batch.
  ConvolutionProblem problem(Index part) const {
    ConvolutionProblem p{direction_, dtype_of<T>(), x_, w_, y_, op_.stride, op_.padding, adds_};
    p.x[0] = p.y[0] = first_sample(part + 1) - first_sample(part);
    return p;
  }

  /// All parts' problems, each size once.
  std::vector<ConvolutionProblem> problems() const {
    std::vector<ConvolutionProblem> different = {problem(0)};
    if (const ConvolutionProblem last = problem(parts_ - 1); last != different[0]) different.push_back(last);
    return different;
  }

  template <class Launch>
  void forward(const T* x, const Weights<T>& w, T* y, std::byte* workspace, const Launch& launch) {
    Pieces pieces(workspace);
    const Scratch scratch = lay_out(pieces);
    const T* volumes = packed_volumes(x, scratch, launch);
    const T* weights = weights_of(w, scratch, launch);
    for (Index part = 0; part < parts_; ++part) run(part, from(volumes, x_, part), weights, from(y, y_, part), scratch);
  }

  template <class Launch>
  void data_gradient(const T* dy, const Weights<T>& w, T* dx, std::byte* workspace, const Launch& launch) {
    Pieces pieces(workspace);
    const Scratch scratch = lay_out(pieces);
    const T* weights = weights_of(w, scratch, launch);
    for (Index part = 0; part < parts_; ++part) run(part, from(dx, x_, part), weights, from(dy, y_, part), scratch);
  }

  template <class Launch>
  void weight_gradient(const T* x, const T* dy, float* dw, std::byte* workspace, const Launch& launch) {
    Pieces pieces(workspace);
    const Scratch scratch = lay_out(pieces);
    const T* volumes = packed_volumes(x, scratch, launch);
    T* written = scratch.w;
    if constexpr (std::is_same_v<T, float>)
      if (!written) written = dw;
    for (Index part = 0; part < parts_; ++part) {
      run(part, from(volumes, x_, part), written, from(dy, y_, part), scratch);
      if (scratch.w) add_to_gradient(scratch.w, dw, part > 0, launch);
    }
  }

 private:
  struct Scratch {
    T* x = nullptr;  ///< the packed volumes of the stem
    T* w = nullptr;  ///< the weights, or a part of their gradient, in the engines' type and layout
    std::byte* engine = nullptr;
  };

  Scratch lay_out(Pieces& pieces) {
    Scratch scratch;
    if (stem_) scratch.x = pieces.take<T>(count(x_));
    const bool partial = direction_ == Direction::weight_gradient && parts_ > 1;
    if (!std::is_same_v<T, float> || partial) scratch.w = pieces.take<T>(count(w_));
    Index most = 0;
    for (Index part = 0; part < parts_; ++part) most = std::max(most, engines_.workspace(problem(part)));
    scratch.engine = pieces.take<std::byte>(most);
    return scratch;
  }

  Index first_sample(Index part) const { return std::min(x_[0], part * at_once_); }

  /// Where a part of the batch begins in a tensor of this shape.
  template <class U>
  U* from(U* data, const Shape& shape, Index part) const {
    return data + first_sample(part) * (count(shape) / shape[0]);
  }

  void run(Index part, const T* x, const T* w, const T* y, const Scratch& scratch) {
    // The direction says which of them is written.
    engines_.run(problem(part), const_cast<T*>(x), const_cast<T*>(w), const_cast<T*>(y), scratch.engine);
  }

  template <class Launch>
  const T* packed_volumes(const T* x, const Scratch& scratch, const Launch& launch) const {
    if constexpr (std::is_same_v<T, bfloat16>)
      if (stem_) {
        launch(x_[0] * x_[1] * x_[2], PackVolumes(*stem_, given_x_, x, scratch.x));
        return scratch.x;
      }
    return x;
  }

  template <class Launch>
  const T* weights_of(const Weights<T>& w, const Scratch& scratch, const Launch& launch) const {
    if constexpr (std::is_same_v<T, float>) {
      return w.values;
    } else {
      if (w.rounded && !stem_) return w.rounded;
      if (stem_)
        launch_map(launch, count(w_), PackWeights{w.values, scratch.w});
      else
        launch_map(launch, count(w_), Convert<T, float>{w.values, scratch.w});
      return scratch.w;
    }
  }

  template <class Launch>
  void add_to_gradient(const T* part, float* dw, bool adds, const Launch& launch) const {
    if constexpr (std::is_same_v<T, bfloat16>)
      if (stem_) return launch_map(launch, count(given_w_), UnpackWeights{part, dw, adds});
    launch_map(launch, count(given_w_), AddPart<T>{part, dw, adds});
  }

  Engines engines_;
  Conv3d op_;  // this and the shapes: of what is computed, for the stem the packed convolution
  Direction direction_;
  bool adds_;
  Shape given_x_, given_w_, x_, w_, y_;
  std::optional<Stem> stem_;
  Index at_once_ = 1, parts_ = 1;  // samples, and how often
};

/// The op's kernels.
template <class T, class Launch, class Engines>
struct Conv3dKernels {
  static Convolution<T, Engines> convolution(Backend& backend, const Conv3d& op, const Shape& x, const Shape& w,
                                             Direction direction, unsigned adds) {
    return {Engines(backend), op, x, w, direction, direction == Direction::data_gradient && (adds & 0b01)};
  }
  static Convolution<T, Engines> convolution(const Conv3d& op, const Call& call, Direction direction) {
    return convolution(*call.backend, op, call.in[0].shape(), call.in[1].shape(), direction, call.adds);
  }

  static Weights<T> weights(const Call& call) {
    const bool rounded = std::is_same_v<T, bfloat16> && call.bfloat16_copies.size() > 1 && call.bfloat16_copies[1];
    return {pointer<const float>(call.in[1]), rounded ? pointer<const T>(call.bfloat16_copies[1]) : nullptr};
  }

  static void forward(const Conv3d& op, Call& call) {
    convolution(op, call, Direction::forward)
        .forward(pointer<const T>(call.in[0]), weights(call), pointer<T>(call.out[0]), call.workspace.raw(),
                 Launch(call));
  }

  static void backward(const Conv3d& op, Call& call) {
    const T* dy = pointer<const T>(call.grad_out[0]);
    if (call.grad_in[0])
      convolution(op, call, Direction::data_gradient)
          .data_gradient(dy, weights(call), pointer<T>(call.grad_in[0]), call.workspace.raw(), Launch(call));
    if (call.grad_in[1])
      convolution(op, call, Direction::weight_gradient)
          .weight_gradient(pointer<const T>(call.in[0]), dy, pointer<float>(call.grad_in[1]), call.workspace.raw(),
                           Launch(call));
  }

  static Workspace workspace(const Conv3d& op, const WorkspaceQuery& query) {
    const auto bytes = [&](Direction direction) {
      return convolution(query.backend, op, query.in[0].shape, query.in[1].shape, direction, query.adds).workspace();
    };
    const Index data = query.gradients & 0b01 ? bytes(Direction::data_gradient) : 0;
    const Index weights = query.gradients & 0b10 ? bytes(Direction::weight_gradient) : 0;
    const Index forward = bytes(Direction::forward);
    return {.forward = forward, .backward = std::max(data, weights), .recompute = forward};
  }
};

template <class T, class Launch, class Engines>
Kernel<Conv3d> conv3d_kernel() {
  using Kernels = Conv3dKernels<T, Launch, Engines>;
  return {Kernels::forward, Kernels::backward, Kernels::forward, Kernels::workspace, 0b01};
}

}  // namespace cg::cuda
