// One training step run for its memory: what the process really holds, to be put beside the plan.
#pragma once

#include <memory>

#include "experiments/runner/learner_options.h"
#include "losses/loss.h"

namespace cg {

struct MeasuredMemory {
  Index baseline = 0;  ///< bytes of the process before: program, libraries, kernels made by planning
  Index peak = 0;      ///< the most bytes of the process up to the step's end
  double seconds = 0;  ///< of the step
  Index above() const { return peak - baseline; }
};

/// Trains one step on `subjects` random volumes. The step must have been planned on `backend` before, so that its
/// kernels are made. Errors: device, where the backend's memory is not the process's; memory.
MeasuredMemory measure_step(Backend& backend, const LearnerOptions& options, std::unique_ptr<Loss> loss,
                            Index subjects);

}  // namespace cg
