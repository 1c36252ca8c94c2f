// SPDX-License-Identifier: Apache-2.0
// All that the tests know of one op: examples, misuses, kinks and planted faults. The data of op <op> is in
// tests/tensor/ops/<op>.cpp, which defines <op>_tests(); CMake collects these files (op_test_files.cpp.in). Read next:
// op_examples.h, faults.h.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tests/support/faults.h"
#include "tests/support/op_examples.h"

namespace cg::test {

enum class Order;

/// An application that an op must refuse.
struct Misuse {
  AnyOp op;
  std::vector<Spec> inputs;
  std::vector<std::string> words;  ///< that the message must hold: what was found, what was expected
};

/// A point where a derivative has two candidates, and which of them the op must take: zero before a ReLU, equal values
/// in a window, a row of zeros to be normalised. Random examples stay away from such points. All numbers are exact in
/// bfloat16.
struct Kink {
  std::string sentence;  ///< what happens there
  Example example;
  std::vector<double> gradient;                          ///< of the output
  std::vector<double> output;                            ///< expected
  std::map<std::size_t, std::vector<double>> gradients;  ///< expected, of these inputs
};

/// A fault that changes nothing that could be noticed.
struct Equivalent {
  std::string fault, reason;
};

struct OpTests {
  std::function<Example(Draw&)> draw;                  ///< an example at random
  std::function<Example(Draw&)> draw_large = nullptr;  ///< where a fast kernel takes other ways with larger volumes
  std::vector<Misuse> misuses = {};
  std::vector<Kink> kinks = {};
  std::vector<Fault> faults = {};  ///< mistakes in the op's own formula, for its reference kernel in double
  std::vector<Equivalent> equivalent = {};
  /// Puts the op's CUDA kernels, run on the host, into the CPU's cells: host_kernels.h. Null where there are none.
  void (*cuda_on_host)(Registry&, Order) = nullptr;
};

/// By the op's name.
const std::map<std::string, OpTests>& op_tests();

/// The functions of the files below tests/tensor/ops, by the op's name. Written by CMake.
std::map<std::string, OpTests (*)()> op_test_files();

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

inline Spec f32(Shape shape) { return {std::move(shape), DType::f32}; }

/// One channel along the last dimension.
inline ExampleInput line(const std::vector<double>& numbers) {
  return {{1, 1, 1, static_cast<Index>(numbers.size()), 1}, numbers};
}

}  // namespace cg::test
