// SPDX-License-Identifier: Apache-2.0
// Reverse-mode automatic differentiation. The forward pass records one node per op. The backward pass runs the ops'
// hand-derived backward kernels in reverse order. A value with two consumers gets the sum of their gradients. Buffers
// are freed after their last use; outputs that are cheap to recompute are dropped and recomputed (Plan::recomputable).
// Read next: memory_plan.h (where the buffers are), variable.h.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "autograd/memory_plan.h"
#include "autograd/variable.h"
#include "tensor/backend.h"
#include "tensor/op.h"
#include "tensor/registry.h"

namespace cg {

/// One applied op. Tensors that the backward pass does not read keep their spec and lose their memory.
struct Node {
  std::string scope;  ///< "encoder.layer2.0.conv1"
  AnyOp op;
  Plan plan;
  std::vector<Variable> inputs;  ///< sources; their values are in `call`
  Call call;
  bool needs_gradient = false;

  std::vector<Spec> specs() const;    ///< of the inputs
  unsigned wanted_gradients() const;  ///< bit j: input j's gradient is wanted
};

/// The scratch that `kernel` asks for at this node; `adds` as Call::adds.
Workspace workspace_of(const Node& node, const AnyKernel& kernel, Backend& backend, unsigned adds);

/// Called before and after every kernel: for timing by layer, and for finding the first number that is not finite.
class TapeObserver {
 public:
  virtual ~TapeObserver() = default;
  /// Whether the backward of this node is to be run once for each wanted gradient, with calls of before() and
  /// after_backward() for each: the same bits.
  virtual bool gradients_apart(const Node&) const { return false; }
  virtual void before(const Node&) {}
  virtual void after_forward(const Node&, const Tensor& /*output*/) {}
  virtual void after_backward(const Node&, const Call& /*with grad_in*/) {}
};

class Tape {
 public:
  /// Without a plan, buffers are allocated one by one and freed after their last use. With a plan, they are parts of
  /// `arena`, which has at least plan->arena_bytes(), and the ops applied must be those that were planned.
  explicit Tape(Backend& backend, const Registry& registry = Registry::standard(), const MemoryPlan* plan = nullptr,
                Tensor arena = {})
      : backend_(backend), registry_(registry), plan_(plan), arena_(std::move(arena)) {}

  /// Runs an op's forward kernel and records it. Errors: the op's own, with the scope in front.
  /// `backward_follows`: keep what the backward pass reads.
  Variable apply(AnyOp op, std::vector<Variable> inputs, const std::string& scope, bool backward_follows);

  /// Writes the gradient of every leaf that `root` depends on, given dL/d root. Consumes the tape: a second call is an
  /// error (usage).
  void backward(const Variable& root, const Tensor& gradient);

  const std::vector<Node>& nodes() const { return nodes_; }
  Backend& backend() const { return backend_; }
  void observe(TapeObserver* observer) { observer_ = observer; }

 private:
  Tensor buffer(int node, Role role, int index, const Spec& spec);
  void give_workspace(int node, const AnyKernel& kernel, Role role, Index Workspace::*bytes);
  const AnyKernel& kernel(const Node& node) const;
  void keep_for_backward(Node& node, bool backward_follows);
  void fetch_kept(int node);
  const Tensor& value_of(int node);
  void run_backward(int node, const Tensor& gradient);
  void run_observed(Node& node, const AnyKernel& run);
  void add(const Tensor& to, const Tensor& addend);

  Backend& backend_;
  const Registry& registry_;
  const MemoryPlan* plan_;
  Tensor arena_;
  std::vector<Node> nodes_;
  std::vector<Tensor> gradients_;             // of each node's output, while backward runs
  std::map<const Leaf*, bool> leaf_written_;  // in this backward
  TapeObserver* observer_ = nullptr;
  bool consumed_ = false;
};

}  // namespace cg
