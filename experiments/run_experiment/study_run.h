// SPDX-License-Identifier: Apache-2.0
// Runs the trainings of a study, and writes its tables and its report. Read next: experiments/study/study.h,
// trainings.h, cells.h, collected.h.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

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

/// Trains what is missing, each training as a separate run that continues where it stopped, with one progress for all,
/// and writes the tables. A failed training does not stop the others. Afterwards an error of the first failure's kind
/// lists all failures.
void run_study(const StudyPlan& plan, const StudyTask& task, const RunOptions& options);

/// Writes the tables of finished runs in these folders, by the options in which they differ, and names the folders that
/// are left out. Errors: usage, if there is no finished run.
void run_collect(const std::vector<std::filesystem::path>& runs, const std::filesystem::path& folder);

}  // namespace cg
