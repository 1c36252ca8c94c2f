// SPDX-License-Identifier: Apache-2.0
// The training loop: for every seed, train epoch by epoch, evaluate, record.
// Read next: experiment.h (what all seeds share), run.h (folder, saving, stopping), learner.h (a step).
#pragma once

#include "experiments/config/config.h"
#include "experiments/runner/run_options.h"

namespace cg {

/// Trains and evaluates all seeds and writes the run folder (recorder.h). Before the first epoch it prints
/// cohort, split, network, memory and time. For a finished run it prints the results again and ends with an error
/// (in_use). Errors: all kinds; those of a step name seed, epoch, step and subjects.
void run_experiment(const Config& config, const RunOptions& options);

}  // namespace cg
