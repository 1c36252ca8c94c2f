// SPDX-License-Identifier: Apache-2.0
// What a study would train, printed before it does: trainings, time, memory. Read next: experiments/runner/estimate.h.
#pragma once

#include <functional>

#include "experiments/run_experiment/study_run.h"

namespace cg {

/// The trainings of the task's shard, in their order.
std::vector<std::size_t> of_shard(const StudyPlan& plan, const StudyTask& task);

/// The time of trainings that are not done. Trainings that take equally long per epoch are timed by those that are
/// done; without one, by `measure`, once for all of them.
struct PlannedTime {
  double seconds = 0;
  Index from_done = 0, from_measure = 0;  ///< trainings to do
};
PlannedTime planned_time(const StudyPlan& plan, const std::vector<std::size_t>& trainings,
                         const std::function<double(const Config&)>& measure);

/// Errors: those of the cohorts and of the device.
void print_plan(const StudyPlan& plan, const StudyTask& task, const RunOptions& options);

}  // namespace cg
