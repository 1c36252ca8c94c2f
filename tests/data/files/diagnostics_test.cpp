// SPDX-License-Identifier: Apache-2.0
#include "data/files/diagnostics.h"

#include <doctest/doctest.h>

#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("diagnostics: equal lines appear once with their number, and the rest is counted") {
  Diagnostics found;
  for (int k = 0; k < 20; ++k) found.collect([] { fail(ErrorKind::data, "maps.h5", "not numbers", "Store numbers."); });
  for (int k = 0; k < 5; ++k) found.add("row " + std::to_string(k));
  check_fails(
      [&] { found.report("here", "Fix it", 3); }, ErrorKind::data,
      {"here: 25 problems\n  maps.h5: not numbers. Store numbers. (20 times)\n", "  row 0\n  row 1\n  and 3 more\n"});
}

TEST_CASE("diagnostics: the kind is corrupt only if every problem is") {
  Diagnostics found;
  found.report("here", "Fix it");  // nothing to report
  found.collect([] { fail(ErrorKind::corrupt, "a", "damaged"); });
  check_fails([&] { found.report("here", "Fix it"); }, ErrorKind::corrupt, {"1 problem\n"});
  found.add("another");
  check_fails([&] { found.report("here", "Fix it"); }, ErrorKind::data, {"2 problems\n"});
  CHECK_THROWS_AS(found.collect([] { fail(ErrorKind::storage, "a", "full"); }), Error);
}
