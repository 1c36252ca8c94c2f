// SPDX-License-Identifier: Apache-2.0
// What the suite asks of the reference kernels of an op, in double. every_op_test.cpp asks it of the product,
// every_op_faults_test.cpp of broken kernels. Read next: parity.h and not_finite.h (fast kernels), golden_ops.h
// (PyTorch's numbers), kinks.h (ties).
#pragma once

#include <string>
#include <vector>

#include "tensor/registry.h"
#include "tests/support/op_examples.h"

namespace cg::test {

/// A question and the ops that it is put to.
struct OpCheck {
  std::string name;
  bool (*concerns)(const Registry&, const Example&);
  /// What is wrong with the registry's kernels on an example, or nothing.
  std::string (*complaint)(const Registry&, const Example&, Draw&);
};

OpCheck gradient_check();          ///< the backward is the derivative of the forward: central differences
OpCheck wanted_gradients_check();  ///< a gradient has the same bits whichever others are wanted with it
OpCheck recompute_check();         ///< a recomputed output has the same bits, and recomputing changes nothing else
OpCheck in_place_check();     ///< gradients have the same bits if they are written over the inputs of Plan::in_place
OpCheck equal_views_check();  ///< a sample that counts twice against a batch that really holds it twice
/// NaN in one place of an input, or of the output's gradient, makes NaN of exactly those results that depend on that
/// place. Which ones do is found without NaN: they change with the number there, for some numbers in the other places.
OpCheck nan_check();

inline std::vector<OpCheck> op_checks() {
  return {gradient_check(), wanted_gradients_check(), recompute_check(),
          in_place_check(), equal_views_check(),      nan_check()};
}

}  // namespace cg::test
