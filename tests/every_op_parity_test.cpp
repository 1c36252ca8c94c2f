// Every fast kernel of the CPU against the reference: forward, backward, rebuild, what is overwritten. The cells come
// from the registry: a new kernel is tested by being there.
#include <doctest/doctest.h>

#include "tests/support/parity.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("every fast kernel: forward, backward and rebuild are the reference's") {
  CHECK(check_device(Registry::standard(), *make_cpu_backend()) >= 18);
}

TEST_CASE("every fast kernel: the addition may write over its first input, as the tape asks") {
  check_addition_in_place(Registry::standard(), *make_cpu_backend());
}
