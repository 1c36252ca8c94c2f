// SPDX-License-Identifier: Apache-2.0
// Examples of ops, drawn at random: shapes with extents of 1 and odd ones, strides above the kernel, numbers away from
// ties and kinks. This header holds what they are made of; each op's own are in tests/tensor/ops/<op>.cpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tensor/op.h"
#include "tensor/ops/volume.h"
#include "tensor/random.h"

namespace cg::test {

/// How far values stay from a kink: a thousand steps of the finite differences.
constexpr double margin = 1e-2;

/// One input of an example, its numbers in double.
struct ExampleInput {
  Shape shape;
  std::vector<double> numbers;
  bool parameter = false;      ///< of the parameters' type: float32 beside bfloat16
  bool differentiable = true;  ///< has a gradient
  bool overwritten = false;    ///< the forward writes it: running statistics, Adam's buffers
};

/// An op and what it is applied to.
struct Example {
  AnyOp op;
  std::vector<ExampleInput> inputs;
  std::string text;  ///< op and shapes, for messages

  std::vector<Spec> specs(DType activations) const;
  unsigned differentiable() const;  ///< bit j: input j has a gradient
};

/// Where an example's sizes and numbers come from. `size(a, b)`: a … b, both included.
struct Draw {
  std::function<Index(Index, Index)> size;
  Random random;
  DType activations = DType::f64;

  /// Sizes from the random numbers themselves, for tests without rapidcheck.
  static Draw seeded(std::uint64_t seed, DType activations = DType::f64);
};

template <Op O>
Example example(const O& op, std::vector<ExampleInput> inputs) {
  std::string text(O::name);
  for (const ExampleInput& input : inputs) text += " " + to_string(input.shape);
  return {erase(op), std::move(inputs), text};
}

/// Normal numbers, of activations or of a parameter.
ExampleInput random_input(Draw& draw, Shape shape);
ExampleInput random_parameter(Draw& draw, Shape shape);

/// Numbers of a channels-last volume, in each channel equally spaced in random order: no two are near each other.
ExampleInput spaced_input(Draw& draw, Shape shape);

/// The shape of a small volume, of `most` voxels at most along an axis.
Shape volume(Draw& draw, Index most);

/// Several of the blocks that fast kernels cut a volume into; every other one with channels that vectors divide.
Shape large_volume(Draw& draw);

/// Pooling or convolution of a volume of this shape; the stride may exceed the kernel.
struct RandomWindow {
  Triple kernel, stride, padding;
  RandomWindow(Draw& draw, const Shape& in, bool pool);
  /// The network's window, for which there are kernels of their own.
  void as_in_stem(Draw& draw, const Shape& in);
};

}  // namespace cg::test
