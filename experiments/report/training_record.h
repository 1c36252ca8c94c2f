// SPDX-License-Identifier: Apache-2.0
// What a finished training wrote in its run folder: its epochs, its time, and where its numbers come from.
// docs/run-folder.md describes the files. Read next: experiments/record/recorder.h.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "experiments/record/recorder.h"
#include "experiments/study/trainings.h"

namespace cg {

struct TrainingRecord {
  std::vector<EpochRow> epochs;
  double seconds = 0;  ///< of the training
  std::string device, precision, commit, sources;
  std::string cohort, cohort_digest, config_digest, weights_digest;
  bool synthetic = false;
  Index subjects = 0, train = 0, validation = 0, test = 0;
  std::map<std::string, std::string> environment;  ///< "processor", "libraries", …
};

/// Errors: corrupt, for a file that is not as the recorder writes it.
TrainingRecord read_training(const std::filesystem::path& folder);

/// The records of a plan's trainings that are done, by their number.
std::map<std::size_t, TrainingRecord> read_trainings(const StudyPlan& plan);

}  // namespace cg
