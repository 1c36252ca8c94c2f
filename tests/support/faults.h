// Mistakes to plant in the kernels of the ops, by which the suite is tested: every_op_faults_test.cpp puts each into a
// copy of the registry and asks the suite's own checks whether they notice it. The product knows nothing of this.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tensor/registry.h"
#include "tests/support/op_examples.h"

namespace cg::test {

/// One mistake in one place.
struct Fault {
  std::string kind;  ///< "sign", "dropped term", "stale tensor", …
  std::string text;  ///< where or which: "gradient 1", "the projection in dx"
  std::function<AnyKernel(const AnyKernel& right)> kernel = nullptr;  ///< the broken kernel; null: the right one
  std::function<Plan(Plan)> plan = nullptr;                           ///< the broken plan; null: the right one
  bool fine = false;                                                  ///< too small for bfloat16 to see

  std::string name() const { return kind + ": " + text; }
};

/// Mistakes that any op's kernel can have, made around the right kernel: they follow from an example of the op and from
/// what its kernel has (backward, recompute).
std::vector<Fault> generic_faults(const Example& any, const AnyKernel& kernel, DType activations);

/// Plans that forget to keep what backward reads, so that the tape would free it.
std::vector<Fault> plan_faults(const Example& any);

/// Mistakes in an op's own formula, for its reference kernel in double. By the op's name.
const std::map<std::string, std::vector<Fault>>& own_faults();
std::vector<Fault> conv3d_faults();
std::vector<Fault> max_pool3d_faults();
template <Op O>
std::vector<Fault> norm_faults();  ///< of each of the four normalising ops

/// Faults that change nothing that could be noticed: op, name, reason.
struct Equivalent {
  std::string op, fault, reason;
};
const std::vector<Equivalent>& equivalent_faults();

/// Call with every gradient present: missing ones get memory of their own.
Call with_all_gradients(const Call& call);

/// A tensor of the same spec with other numbers: entry k is `number(k)`.
Tensor like(const Call& call, const Tensor& tensor, const std::function<double(std::size_t)>& number);

/// A broken forward, backward or recompute in place of op O's.
template <Op O>
using BrokenFunction = std::function<void(const O&, Call&)>;

template <Op O>
Fault broken(std::function<void(const void*, Call&)> AnyKernel::*part, const std::string& kind, const std::string& text,
             BrokenFunction<O> run) {
  return {kind, text, [part, run](AnyKernel right) {
            right.*part = [run](const void* op, Call& call) { run(*static_cast<const O*>(op), call); };
            return right;
          }};
}
template <Op O>
Fault broken_forward(const std::string& kind, const std::string& text, BrokenFunction<O> run) {
  return broken<O>(&AnyKernel::forward, kind, text, std::move(run));
}
template <Op O>
Fault broken_backward(const std::string& kind, const std::string& text, BrokenFunction<O> run) {
  return broken<O>(&AnyKernel::backward, kind, text, std::move(run));
}
template <Op O>
Fault broken_recompute(const std::string& kind, const std::string& text, BrokenFunction<O> run) {
  return broken<O>(&AnyKernel::recompute, kind, text, std::move(run));
}

}  // namespace cg::test
