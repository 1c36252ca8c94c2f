// Runs an experiment from its configuration to the run folder: for every seed, train epoch by epoch, evaluate, record.
// Read next: learner.h (a step), evaluation.h (the test error).
#pragma once

#include "experiments/config/config.h"

namespace cg {

/// Trains and evaluates all seeds and writes the run folder (recorder.h). Before the first epoch it says what it will
/// do: cohort, split, network, memory, time. Errors: all kinds; those of a step name seed, epoch, step and subjects.
void run_experiment(const Config& config, const RunOptions& options);

}  // namespace cg
