// SPDX-License-Identifier: Apache-2.0
// One application of an op, run by hand through the kernels of a registry, under the conditions of the tape: what
// backward must not read is gone, what a kernel must write holds NaN before.
#pragma once

#include <functional>
#include <vector>

#include "tensor/registry.h"
#include "tests/support/op_examples.h"

namespace cg::test {

class Application {
 public:
  /// Copies the example's numbers to the backend, activations in type `activations`.
  Application(const Registry& registry, Backend& backend, const Example& example, DType activations);

  void forward();
  /// `gradients`: of each output, as many numbers as it has. `wanted`: bit j for input j's gradient.
  void backward(const std::vector<std::vector<double>>& gradients, unsigned wanted);
  /// The same with the gradients of the inputs of Plan::in_place written over these inputs.
  void backward_in_place(const std::vector<std::vector<double>>& gradients, unsigned wanted);
  /// The same with the wanted gradients added to `before` (for each input its numbers) where the kernel can.
  void backward_adding(const std::vector<std::vector<double>>& gradients, unsigned wanted,
                       const std::vector<std::vector<double>>& before);
  /// Makes the outputs again, after filling them with NaN.
  void recompute();

  std::vector<double> input(std::size_t j) const { return read(call_.in[j]); }
  std::vector<double> output(std::size_t j) const { return read(call_.out[j]); }
  std::vector<double> saved(std::size_t j) const { return read(call_.saved[j]); }
  std::vector<double> gradient(std::size_t j) const { return read(call_.grad_in[j]); }
  void set_input(std::size_t j, const std::vector<double>& numbers);

  const Plan& plan() const { return plan_; }
  Call& call() { return call_; }
  const AnyKernel& kernel() const { return kernel_; }

 private:
  std::vector<double> read(const Tensor& tensor) const;
  Tensor poisoned(const Spec& spec) const;
  /// A tensor that must not be read: the same spec, NaN in all places.
  void hide(std::vector<Tensor>& tensors, unsigned kept) const;
  void give_workspace(Index Workspace::*bytes, unsigned wanted, unsigned adds = 0);
  /// The memory for the gradient of input j, if it is wanted.
  using GradientMemory = std::function<Tensor(std::size_t j, const Call& kept)>;
  void run_backward(const std::vector<std::vector<double>>& gradients, unsigned wanted, unsigned adds,
                    const GradientMemory& memory);

  Backend& backend_;
  const Example& example_;
  const AnyKernel& kernel_;
  std::vector<Spec> specs_;
  Plan plan_;
  Call call_;
};

/// Central differences of Σ gradients · outputs with respect to input j of the example, in double.
std::vector<double> difference_gradient(const Registry& registry, const Example& example, std::size_t j,
                                        const std::vector<std::vector<double>>& gradients);

/// Compares the wanted gradients with those of a backward in place: which bits differ, or nothing. Overwrites inputs.
std::string complaint_in_place(Application& applied, const std::vector<std::vector<double>>& gradients,
                               unsigned wanted);

/// Random gradients for the outputs of an application.
std::vector<std::vector<double>> random_gradients(Random& random, const Plan& plan);

/// How far a backward kernel is from central differences: the worst over the inputs.
struct GradientDistance {
  double in_norm = 0, largest = 0;  ///< relative to the norm, and to the largest entry
  bool acceptable() const { return in_norm <= 1e-6 && largest <= 1e-6; }
};

/// Checks the reference kernels of `registry` in double on an example.
GradientDistance gradient_distance(const Registry& registry, const Example& example, Random& random);

}  // namespace cg::test
