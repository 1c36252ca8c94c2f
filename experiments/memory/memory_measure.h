// One training step run for its memory: what the device really holds, to be put beside the plan.
#pragma once

#include "experiments/training/learner_options.h"
#include "losses/loss.h"

namespace cg {

struct MeasuredMemory {
  /// Bytes held before: the process's program, libraries and kernels; or all that is in use on the GPU once its
  /// context, handles and the step's code are there.
  Index baseline = 0;
  Index peak = 0;                                ///< the most bytes up to the step's end
  Index baseline_by_nvml = 0, peak_by_nvml = 0;  ///< the same as the GPU's driver counts; 0 where it was not asked
  /// What kernels' code, handles and graphs took on the GPU from the making of the backend to the baseline.
  Index beside = 0;
  double seconds = 0;  ///< of the last step
  Index above() const { return peak - baseline; }
  Index above_by_nvml() const { return peak_by_nvml - baseline_by_nvml; }
};

/// Trains on `subjects` random volumes: one step on a processor, on a GPU as many as it takes until steps are repeated.
/// The step must have been planned on `backend` before, so that its kernels are made. On a GPU nothing else may run.
/// Errors: device, for a GPU that is not there; memory.
MeasuredMemory measure_step(Backend& backend, const LearnerOptions& options, const LossOptions& loss, Index subjects);

}  // namespace cg
