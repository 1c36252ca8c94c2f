// SPDX-License-Identifier: Apache-2.0
// Checks that training fits the device's memory before it is allocated: a machine that runs out of memory kills the
// process without a message. Also the error message if an allocation is refused later. Read next: step_memory.h.
#pragma once

#include <string>

#include "experiments/training/learner_options.h"
#include "experiments/training/step_memory.h"
#include "tensor/error.h"

namespace cg {

/// The device memory that training needs, in bytes.
struct Demand {
  Index step = 0;
  Index ahead = 0;   ///< batches read before they are used
  Index saving = 0;  ///< a second copy of parameters and moments while they are saved
  Index beside = 0;  ///< used by libraries

  Demand(const StepMemory& memory, const Backend& backend);
  Index total() const { return step + ahead + saving + beside; }
};

/// "1882.3 MB for a step, 231.0 MB for batches read ahead, …".
std::string to_string(const Demand& demand);

/// What decides the memory of a training job.
struct MemoryJob {
  const LearnerOptions& options;
  Index batch, subjects;
  Backend& backend;
};

/// Fails if training needs more memory than is free. The message gives the bytes needed, free and held, a batch
/// size that fits, and whether train.recompute would help. Returns the bytes that are left, or 0 if unknown. Errors:
/// memory.
Index require_memory(const MemoryJob& job);

/// Throws a memory error of training again, with a batch size that fits into the memory that is free now. The caller
/// has freed all memory of the training before.
[[noreturn]] void name_batch_that_fits(const Error& error, const MemoryJob& job);

}  // namespace cg
