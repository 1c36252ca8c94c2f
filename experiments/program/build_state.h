// SPDX-License-Identifier: Apache-2.0
// The sources that a program was built from. build_state.cmake asks git at every build and writes the function; a
// separate library holds it, so that a new commit compiles nothing else again.
#pragma once

#include <string>

namespace cg {

struct BuildState {
  std::string commit = "unknown";   ///< 40 hexadecimal digits; "unknown" without git, as in an unpacked archive
  std::string sources = "unknown";  ///< "clean": as in the commit; "changed": at least one source file differs
  bool operator==(const BuildState&) const = default;
};

/// Of this program.
BuildState build_state();

}  // namespace cg
