// SPDX-License-Identifier: Apache-2.0
// Every kernel of the GPU against the reference; read tests/every_op_parity_test.cpp.
#include <doctest/doctest.h>

#include "tests/support/cuda.h"
#include "tests/support/parity.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("every CUDA kernel: forward, backward and recompute are the reference's") {
  if (const auto device = device_or_skip()) CHECK(check_device(*device) >= 24);
}

TEST_CASE("every CUDA kernel: the addition may write over its first input, as the tape asks") {
  if (const auto device = device_or_skip()) check_addition_in_place(*device);
}
