// SPDX-License-Identifier: Apache-2.0
// Examples of ops for rapidcheck, which makes a counterexample as small as it can.
#pragma once

#include "tests/support/op_examples.h"
#include "tests/support/property.h"

namespace cg::test {

/// Draws whose sizes rapidcheck can shrink.
inline Draw shrinking_draw(DType activations = DType::f64) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1'000'000'000);
  return {[](Index a, Index b) { return *rc::gen::inRange<Index>(a, b + 1); }, Random({.seed = seed}), activations};
}

}  // namespace cg::test
