// SPDX-License-Identifier: Apache-2.0
// Runs a training step and measures the memory that the device really holds, for comparison with the plan.
#pragma once

#include "experiments/training/learner_options.h"
#include "losses/loss.h"

namespace cg {

struct MeasuredMemory {
  /// Bytes held before: the program, libraries and kernels of the process; on a GPU all memory in use after its
  /// context, handles and the code of the step were created.
  Index baseline = 0;
  Index peak = 0;                                ///< the most bytes until the end of the step
  Index baseline_by_nvml = 0, peak_by_nvml = 0;  ///< the same, as counted by the GPU's driver; 0: not measured
  /// The memory of kernel code, handles and graphs on the GPU, from the creation of the backend to the baseline.
  Index beside = 0;
  double seconds = 0;  ///< of the last step
  Index above() const { return peak - baseline; }
  Index above_by_nvml() const { return peak_by_nvml - baseline_by_nvml; }
};

/// Trains on `subjects` random volumes: one step on a processor; on a GPU, steps until they are repeated as a graph.
/// The step must have been planned on `backend` before, so that its kernels exist. On a GPU no other program may run.
/// Errors: device, for a GPU that does not exist; memory.
MeasuredMemory measure_step(Backend& backend, const LearnerOptions& options, const LossOptions& loss, Index subjects);

}  // namespace cg
