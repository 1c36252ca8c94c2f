// SPDX-License-Identifier: Apache-2.0
// What a run will do, printed before it does it.
#pragma once

#include <string>

#include "experiments/config/config.h"
#include "experiments/runner/experiment.h"
#include "experiments/runner/workload.h"

namespace cg {

/// Prints what a run of this configuration would do on standard output. Reads and checks the cohort, if its file
/// exists: a phantom is not created for this. Errors: those of the cohort (checked_cohort) and of the weights to
/// start from (checked_weights).
void print_plan(const Config& config, const RunOptions& options);

/// Where a run begins, and how fast it will be.
struct Beginning {
  const Workload& work;
  double done = 0;       ///< seconds of the work that an earlier process did
  std::string position;  ///< of a run that is resumed; otherwise empty
};

/// Prints network, cohort, split, loss, device, memory, time and first weights on standard output. `learner` has the
/// plan of a full batch.
void announce(const Experiment& experiment, Learner& learner, const Beginning& beginning);

}  // namespace cg
