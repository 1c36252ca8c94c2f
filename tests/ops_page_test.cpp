// SPDX-License-Identifier: Apache-2.0
// docs/ops.md against the ops. Read next: tests/support/ops_page.h.
#include "tests/support/ops_page.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

TEST_CASE("docs: docs/ops.md says what the ops say") {
  std::ifstream file(CG_TEST_SOURCE "/docs/ops.md");
  std::stringstream text;
  text << file.rdbuf();
  const bool same = text.str() == cg::test::ops_page();
  CHECK_MESSAGE(same, "docs/ops.md is out of date. Run: build/release/bin/describe_ops > docs/ops.md");
}
