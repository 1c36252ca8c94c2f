// SPDX-License-Identifier: Apache-2.0
#include "tests/support/op_tests.h"

namespace cg::test {

const std::map<std::string, OpTests>& op_tests() {
  static const std::map<std::string, OpTests> all = [] {
    std::map<std::string, OpTests> tests;
    for (const auto& [op, make] : op_test_files()) tests.emplace(op, make());
    return tests;
  }();
  return all;
}

}  // namespace cg::test
