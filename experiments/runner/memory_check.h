// Whether training fits the device, asked before its memory is touched: a machine that runs out of memory kills the
// process without a word. Read next: step_memory.h.
#pragma once

#include "experiments/runner/learner_options.h"

namespace cg {

/// Refuses to train `subjects` in batches of `batch` where that asks for more than is free: a step, the batches that
/// are read ahead, and a copy of parameters and moments while they are saved. The message says what is asked for, free
/// and held, and a batch that would fit. Errors: memory.
void require_memory(const LearnerOptions& options, Index batch, Index subjects, Backend& backend);

}  // namespace cg
