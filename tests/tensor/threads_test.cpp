// SPDX-License-Identifier: Apache-2.0
// The number of threads is that of its scope, and afterwards the one before.
#include "tensor/threads.h"

#include <doctest/doctest.h>

using namespace cg;

TEST_CASE("Threads: the number holds for a scope, also one that an exception leaves; 0 changes nothing") {
  const Threads test(3);
  REQUIRE(omp_get_max_threads() == 3);
  {
    const Threads one(1);
    CHECK(omp_get_max_threads() == 1);
    const Threads as_before(0);
    CHECK(omp_get_max_threads() == 1);
  }
  CHECK(omp_get_max_threads() == 3);
  try {
    const Threads two(2);
    throw 1;
  } catch (int) {
  }
  CHECK(omp_get_max_threads() == 3);
}
