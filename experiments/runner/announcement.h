// What a run will do, printed before it does it.
#pragma once

#include <string>

#include "experiments/config/config.h"
#include "experiments/training/cohort.h"
#include "experiments/training/learner.h"

namespace cg {

/// Prints what a run of this configuration would do, without opening its volumes: on standard output. Errors: those of
/// the cohort's file and of the weights to start from, where they are named.
void print_plan(const Config& config, const RunOptions& options);

/// Prints network, cohort, split, loss, device, memory and time on standard output. `learner` has the plan of a full
/// batch; `step_seconds` is what a step of it takes; `left` the share of all steps still to do, below 1 where a run
/// goes on, at `place`.
void announce(const Config& config, const RunOptions& options, const Cohort& cohort, Backend& backend, Learner& learner,
              double step_seconds, double left, const std::string& place);

}  // namespace cg
