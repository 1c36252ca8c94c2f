// SPDX-License-Identifier: Apache-2.0
// Runs the trainings of a study and writes its tables. Read next: study.h, trainings.h, cells.h.
#pragma once

#include <filesystem>
#include <string>

#include "experiments/runner/run_options.h"
#include "experiments/study/trainings.h"

namespace cg {

/// What a study is asked for.
struct StudyTask {
  std::filesystem::path folder;  ///< of the study: tables; the trainings are in `trainings` beside it
  Index shard = 1, shards = 1;   ///< of the trainings, those with number ≡ shard − 1 modulo shards
  bool check = false;            ///< print the plan, and train nothing
  bool collect = false;          ///< write the tables of what there is, and train nothing
};

/// "2/8": the second of eight. Errors: usage.
void read_shard(const std::string& text, StudyTask& task);

/// Trains what is missing, each training as a separate run that continues where it stopped, and writes results.csv. A
/// failed training does not stop the others. Afterwards an error of the first failure's kind lists all failures.
void run_study(const StudyPlan& plan, const StudyTask& task, const RunOptions& options);

}  // namespace cg
