// Whether training fits the device, asked before its memory is touched: a machine that runs out of memory kills the
// process without a word. And what is said where memory is refused all the same. Read next: step_memory.h.
#pragma once

#include <string>

#include "experiments/training/learner_options.h"
#include "experiments/training/step_memory.h"
#include "tensor/error.h"

namespace cg {

/// What training asks of its device, in bytes.
struct Demand {
  Index step = 0;
  Index ahead = 0;   ///< batches read before they are used
  Index saving = 0;  ///< parameters and moments once more, while they are saved
  Index beside = 0;  ///< what libraries take for themselves

  Demand(const StepMemory& memory, const Backend& backend);
  Index total() const { return step + ahead + saving + beside; }
};

/// "1882.3 MB for a step, 231.0 for batches read ahead, …".
std::string to_string(const Demand& demand);

/// A training job as far as its memory goes.
struct MemoryJob {
  const LearnerOptions& options;
  Index batch, subjects;
  Backend& backend;
};

/// Refuses to train where that asks for more than is free. The message says what is asked for, free and held, and a
/// batch that would fit. Returns the bytes that are left; 0 where nobody knows. Errors: memory.
Index require_memory(const MemoryJob& job);

/// Throws an error of memory again that training met although require_memory() let it pass, with a batch that would
/// fit into what is free now. To be called when training has given back all of its memory.
[[noreturn]] void name_batch_that_fits(const Error& error, const MemoryJob& job);

}  // namespace cg
