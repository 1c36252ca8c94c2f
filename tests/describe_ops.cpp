// SPDX-License-Identifier: Apache-2.0
// Prints docs/ops.md: build/release/bin/describe_ops > docs/ops.md. It is among the tests, as it asks their examples
// what each op keeps for its backward.
#include <cstdio>
#include <exception>

#include "tests/support/ops_page.h"

int main() {
  try {
    std::fputs(cg::test::ops_page().c_str(), stdout);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
