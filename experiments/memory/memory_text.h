// SPDX-License-Identifier: Apache-2.0
// A training step's memory for a terminal and for a spreadsheet. Read next: memory_profile.h.
#pragma once

#include <string>

#include "experiments/memory/memory_profile.h"

namespace cg {

struct TextStyle {
  bool unicode = true;  ///< block characters, or plain ASCII
  int columns = 100;    ///< of the widest line, at least 80
};

/// The style for standard output: the width of the terminal, and the encoding of the locale.
TextStyle terminal_style();

/// The planned step, the table by layer, the peak with its largest buffers, the totals. Megabytes are 10⁶ bytes.
std::string memory_text(const StepMemory& memory, const StepDescription& step, const TextStyle& style);

/// CSV, one line per buffer of the plan, in order of time: scope, op, role, bytes, first, last, offset. Time: forward
/// of node j at j, the loss at n, backward of node j at 2n − j.
std::string memory_csv(const MemoryPlan& plan);

}  // namespace cg
