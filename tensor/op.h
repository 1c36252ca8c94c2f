// SPDX-License-Identifier: Apache-2.0
// What an operation is: a plain struct of attributes that can plan (shapes, errors, what its backward reads), and
// kernels that compute it. The definitions are in tensor/ops, one header per op; registry.h finds their kernels.
// Read next: tensor.h.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <vector>

#include "tensor/tensor.h"

namespace cg {

class Backend;

/// All the engine must know of one application of an op before any number is computed. An op on a tape has one output;
/// an update of parameters has none. Masks: bit j speaks of input or output j.
struct Plan {
  std::vector<Spec> outputs;
  std::vector<Spec> saved;     ///< further results that only the backward and the recompute read
  unsigned saved_inputs = 0;   ///< inputs that the backward or the recompute reads
  unsigned saved_outputs = 0;  ///< outputs that the backward reads
  unsigned recomputable = 0;   ///< outputs that are made again from kept inputs and `saved`: not stored
  /// Inputs whose memory may receive their gradient. The backward reads an element of such an input only before it
  /// writes the element's gradient, and reads it in the thread that writes it, or in an earlier pass.
  unsigned in_place = 0;
};

/// An aggregate with a name and a plan; attributes are members with defaults. `plan` throws cg::Error for shapes that
/// don't fit. The ops of tensor/ops also name their inputs and what they save, for docs/ops.md.
template <class O>
concept Op = std::is_aggregate_v<O> && requires(const O& op, std::span<const Spec> in) {
  { op.plan(in) } -> std::same_as<Plan>;
  { O::name } -> std::convertible_to<std::string_view>;
};

/// Op O on activations of type T: by it a backend's kernel is named.
template <Op O, class T>
struct OpIn {};

/// What a kernel sees. A backward writes every `grad_in` that is not empty, or adds to it if `adds` says so. For an
/// input of Plan::in_place, grad_in[j] and in[j] can be the same memory.
struct Call {
  std::vector<Tensor> in, out, saved, grad_out, grad_in;
  Tensor workspace;            ///< scratch of the size that the kernel asked for (u8)
  Backend* backend = nullptr;  ///< keeps a device's own state (primitives, handles)
  /// Beside an input that is a parameter: its bfloat16 copy, where the store keeps one; empty, or too short, elsewhere.
  std::vector<Tensor> bfloat16_copies = {};
  /// Bit j: grad_in[j] holds the gradient of another consumer, to which the backward adds. Only for kernels that can
  /// (Kernel::adds); for the others the tape adds.
  unsigned adds = 0;
};

/// Input to a kernel's workspace query: how much scratch memory does a call need?
struct WorkspaceQuery {
  std::span<const Spec> in;
  unsigned gradients = 0;  ///< bit j: the backward will be asked for input j's gradient
  Backend& backend;
  unsigned adds = 0;  ///< as Call::adds will be
};

/// The answer: bytes of scratch memory for one call of each kind.
struct Workspace {
  Index forward = 0, backward = 0, recompute = 0;
};

/// The functions that compute op O on one device in one type. `recompute` writes the recomputable outputs again from
/// kept inputs and `saved`, without side effects.
template <class O>
struct Kernel {
  void (*forward)(const O&, Call&) = nullptr;
  void (*backward)(const O&, Call&) = nullptr;
  void (*recompute)(const O&, Call&) = nullptr;
  Workspace (*workspace)(const O&, const WorkspaceQuery&) = nullptr;
  unsigned adds = 0;  ///< bit j: the backward can add to the gradient of input j (Call::adds)
};

/// A kernel whose op's type is erased: what the registry and the tape handle.
struct AnyKernel {
  std::function<void(const void*, Call&)> forward, backward, recompute;
  std::function<Workspace(const void*, const WorkspaceQuery&)> workspace;
  unsigned adds = 0;
  explicit operator bool() const { return static_cast<bool>(forward); }
};

/// An op whose type is erased.
struct AnyOp {
  std::type_index type;
  std::string name;
  std::shared_ptr<const void> op;
  std::function<Plan(std::span<const Spec>)> plan;
};

template <Op O>
AnyOp erase(const O& op) {
  auto held = std::make_shared<const O>(op);
  return {typeid(O), std::string(O::name), held, [held](std::span<const Spec> in) { return held->plan(in); }};
}

template <Op O>
AnyKernel erase(const Kernel<O>& k) {
  AnyKernel out;
  out.adds = k.adds;
  if (k.forward) out.forward = [f = k.forward](const void* o, Call& c) { f(*static_cast<const O*>(o), c); };
  if (k.backward) out.backward = [f = k.backward](const void* o, Call& c) { f(*static_cast<const O*>(o), c); };
  if (k.recompute) out.recompute = [f = k.recompute](const void* o, Call& c) { f(*static_cast<const O*>(o), c); };
  if (k.workspace)
    out.workspace = [f = k.workspace](const void* o, const WorkspaceQuery& q) {
      return f(*static_cast<const O*>(o), q);
    };
  return out;
}

}  // namespace cg
