// Examples of every op, drawn at random: shapes with extents of 1 and odd ones, strides above the kernel, numbers away
// from ties and kinks. A row of the registry without examples fails its tests.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tensor/op.h"
#include "tensor/random.h"

namespace cg::test {

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

/// An application that an op must refuse.
struct Misuse {
  AnyOp op;
  std::vector<Spec> inputs;
  std::vector<std::string> words;  ///< that the message must hold: what was found, what was expected
};

struct OpExamples {
  std::function<Example(Draw&)> draw;
  std::vector<Misuse> misuses;
  std::function<Example(Draw&)> draw_large = nullptr;  ///< where a fast kernel takes other ways with larger volumes
};

/// By the op's name.
const std::map<std::string, OpExamples>& op_examples();

}  // namespace cg::test
