// SPDX-License-Identifier: Apache-2.0
// Ops against PyTorch in double: tests/golden/ops.h5. The comparison stands in tests/support/golden_ops.cpp.
#include "tests/support/golden_ops.h"

#include <doctest/doctest.h>

using namespace cg;
using namespace cg::test;

TEST_CASE("ops: outputs and gradients are PyTorch's, for every group of the golden file") {
  const GoldenFile file("ops.h5");
  int known = 0;
  for (const std::string& group : file.groups()) {
    CAPTURE(group);
    if (group.starts_with("ridge_")) continue;  // tests/experiments/statistics/ridge_test.cpp
    if (op_of_group(group).empty()) FAIL_CHECK("no op for this group");
    CHECK(golden_complaint(Registry::standard(), file, group) == "");
    ++known;
  }
  CHECK(known >= 8);  // four convolutions, two batch norms, the pool, Adam
}

TEST_CASE("ops: the golden file holds twenty steps of Adam") {
  const GoldenFile file("ops.h5");
  CHECK(file.shape("adam/gradients") == Shape{20, file.shape("adam/initial").at(0)});
}
