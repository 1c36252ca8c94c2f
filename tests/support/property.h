// SPDX-License-Identifier: Apache-2.0
// rapidcheck inside doctest: a property that fails prints its counterexample and how to reproduce it.
#pragma once

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <string>

namespace cg::test {

/// Checks a property; 200 cases from a fixed seed unless the environment variable RC_PARAMS says otherwise
/// ("seed=1 max_success=2000"). rapidcheck prints the seed.
template <class Testable>
void property(const std::string& name, Testable&& testable) {
  setenv("RC_PARAMS", "seed=20260731 max_success=200", 0);
  CHECK(rc::check(name, std::forward<Testable>(testable)));
}

}  // namespace cg::test
