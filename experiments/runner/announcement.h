// SPDX-License-Identifier: Apache-2.0
// What a run will do, printed before it does it.
#pragma once

#include <string>

#include "experiments/config/config.h"
#include "experiments/runner/experiment.h"

namespace cg {

/// Prints what a run of this configuration would do on standard output, without reading its volumes. Errors: those of
/// the cohort file and of the weights to start from, if they are named.
void print_plan(const Config& config, const RunOptions& options);

/// Where a run begins, and how fast it will be.
struct Beginning {
  double step_seconds;   ///< of one step
  double left = 1;       ///< the fraction of all steps that remain
  std::string position;  ///< of a run that is resumed; otherwise empty
};

/// Prints network, cohort, split, loss, device, memory, time and first weights on standard output. `learner` has the
/// plan of a full batch.
void announce(const Experiment& experiment, Learner& learner, const Beginning& beginning);

}  // namespace cg
