// SPDX-License-Identifier: Apache-2.0
// Every kernel of the host's devices against the reference in double: forward, backward, recompute, what is
// overwritten. The cells come from the registry: a new kernel is tested by being there. The GPU's:
// every_op_parity_cuda_test.cpp.
#include <doctest/doctest.h>

#include "tests/support/parity.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("every kernel: forward, backward and recompute are those of the reference in double") {
  HostBackend reference;
  CHECK(check_device(reference) >= 12 * 2 + 1);  // Adam's update on parameters alone
  CHECK(check_device(*make_cpu_backend()) >= 18);
}

TEST_CASE("every kernel: the addition may write over its first input, as the tape asks") {
  HostBackend reference;
  check_addition_in_place(reference);
  check_addition_in_place(*make_cpu_backend());
}
