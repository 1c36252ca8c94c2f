// SPDX-License-Identifier: Apache-2.0
// Where the programs that tests start lie.
#pragma once

#include <cstdlib>
#include <string>

namespace cg::test {

/// The folder named by CORTEXGRAD_BINARIES, by default the build's.
inline std::string binaries() {
  const char* folder = std::getenv("CORTEXGRAD_BINARIES");
  return folder != nullptr && *folder != '\0' ? folder : CG_TEST_BINARIES;
}

}  // namespace cg::test
