// SPDX-License-Identifier: Apache-2.0
// The integer that counts elements, rows and bytes.
#pragma once

#include <cstdint>

namespace cg {
using Index = std::int64_t;
}  // namespace cg
