// Points where a derivative has two candidates, and which of them an op must take: zero before a ReLU, equal values in
// a window, a row of zeros to be normalised. Random examples stay away from them (op_examples.h).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/op_examples.h"
#include "tests/support/parity.h"

namespace cg::test {

struct Kink {
  std::string sentence;  ///< what happens there
  Example example;
  std::vector<double> gradient;                          ///< of the output
  std::vector<double> output;                            ///< expected
  std::map<std::size_t, std::vector<double>> gradients;  ///< expected, of these inputs
};

/// By the op's name. All numbers are exact in bfloat16.
const std::multimap<std::string, Kink>& kinks();

/// What a cell does otherwise than expected.
std::string kink_complaint(const Cell& cell, const Kink& kink);

}  // namespace cg::test
