// SPDX-License-Identifier: Apache-2.0
// The devices that the module's code runs on.
#pragma once

#include <charconv>
#include <sstream>
#include <string>

namespace cg::cuda {

/// Whether code for these architectures, as CMake writes them ("80-real 90-real 90-virtual"), runs on a device of this
/// compute capability (8.0 is 80): there must be machine code for its generation that is not newer than the device,
/// or PTX for any architecture that is not newer, which the driver translates. Architectures with a letter ("90a") run
/// on their own device only.
inline bool runs_on(int capability, const std::string& architectures) {
  std::istringstream all(architectures);
  for (std::string one; all >> one;) {
    int number = 0;
    const char* end = one.data() + one.size();
    const std::string kind(std::from_chars(one.data(), end, number).ptr, end);
    const bool letter = !kind.empty() && kind[0] != '-';
    if (letter || number > capability) {
      if (number == capability) return true;
      continue;
    }
    if (kind != "-real" || number / 10 == capability / 10) return true;
  }
  return false;
}

}  // namespace cg::cuda
