// SPDX-License-Identifier: Apache-2.0
// Mistakes to plant in the kernels of the ops, by which the suite is tested: every_op_faults_test.cpp puts each into a
// copy of the registry and asks the suite's own checks whether they notice it. The product knows nothing of this.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tensor/ops/all.h"
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

/// Several lists as one.
std::vector<Fault> joined(const std::vector<std::vector<Fault>>& lists);

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

/// The right forward or backward of op O, with other attributes than the call's.
template <Op O>
Fault forward_with(const std::string& kind, const std::string& text, void (*change)(O&)) {
  return broken_forward<O>(kind, text, [change](O op, Call& call) {
    change(op);
    reference::forward<double>(op, call);
  });
}
template <Op O>
Fault backward_with(const std::string& kind, const std::string& text, void (*change)(O&)) {
  return broken_backward<O>(kind, text, [change](O op, Call& call) {
    change(op);
    reference::backward<double>(op, call);
  });
}

/// dx of an op with one input, entry by entry from a formula; the op sees the right dx.
template <Op O>
Fault dx_as(const std::string& kind, const std::string& text,
            double (*formula)(const Call&, std::size_t k, double dx)) {
  return broken_backward<O>(kind, text, [formula](const O& op, Call& call) {
    reference::backward<double>(op, call);
    const auto dx = call.grad_in[0].data<double>();
    for (std::size_t k = 0; k < dx.size(); ++k) dx[k] = formula(call, k, dx[k]);
  });
}

inline double dy_at(const Call& call, std::size_t k) { return call.grad_out[0].data<double>()[k]; }
inline double y_at(const Call& call, std::size_t k) { return call.out[0].data<double>()[k]; }

}  // namespace cg::test
