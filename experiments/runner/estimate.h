// SPDX-License-Identifier: Apache-2.0
// What a run will need before anything of it exists: its memory by the plan of a step, and its time by a short measured
// step. Read next: workload.h, experiments/training/memory_check.h.
#pragma once

#include <memory>
#include <string>

#include "experiments/config/config.h"
#include "experiments/training/memory_check.h"

namespace cg {

class Estimator {
 public:
  /// `device`: as RunOptions. Errors: device.
  explicit Estimator(const std::string& device);

  /// The seconds of a run: a step and an encoding of at most 8 subjects with random volumes are measured on a temporary
  /// network, and scaled to the run's batches. Reading the cohort and fitting predictors of age are not counted.
  /// Errors: those of the cohort file and of the split; memory.
  double seconds(const Config& config) const;
  /// The memory of a step with a full batch.
  Demand demand(const Config& config) const;
  Index free_bytes() const { return backend_->free_bytes(); }  ///< 0: unknown

 private:
  std::unique_ptr<Backend> backend_;
};

}  // namespace cg
