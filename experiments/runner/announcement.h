// SPDX-License-Identifier: Apache-2.0
// What a run will do, printed before it does it.
#pragma once

#include <string>

#include "experiments/config/config.h"
#include "experiments/training/cohort.h"
#include "experiments/training/learner.h"

namespace cg {

/// Prints what a run of this configuration would do on standard output, without reading its volumes. Errors: those of
/// the cohort file and of the weights to start from, if they are named.
void print_plan(const Config& config, const RunOptions& options);

/// Prints network, cohort, split, loss, device, memory and time on standard output. `learner` has the plan of a full
/// batch. `step_seconds`: of one step. `left`: the fraction of all steps that remain, below 1 if a run is resumed at
/// `position`.
void announce(const Config& config, const RunOptions& options, const Cohort& cohort, Backend& backend, Learner& learner,
              double step_seconds, double left, const std::string& position);

}  // namespace cg
