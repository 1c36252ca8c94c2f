// SPDX-License-Identifier: Apache-2.0
// A training step's memory as a page for a browser: one file that loads nothing from other places, usable by keyboard,
// in light and dark mode, and on paper. Read next: memory_timeline.h, its picture; markup.h, which escapes.
#pragma once

#include <string>

#include "experiments/memory/memory_profile.h"

namespace cg {

/// HTML that is also well-formed XML.
std::string memory_page(const StepMemory& memory, const StepDescription& step);

}  // namespace cg
