// SPDX-License-Identifier: Apache-2.0
// How a run is started: what its command line says besides the configuration.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "experiments/program/build_state.h"
#include "experiments/program/progress.h"
#include "experiments/program/stop_signal.h"

namespace cg {

/// Of a run that is one of a plan: whose progress it is a part of. It then prints no plan
/// and no results, except one line at its end.
struct PlanPart {
  Progress* whole = nullptr;  ///< none: the run is alone
  double share = 0;           ///< of the whole's total
  std::string name;           ///< "Threshold, seed 2"
};

/// Options of the command line that do not change the definition of a run's numbers.
struct RunOptions {
  std::string name;                  ///< of the experiment: the file name without folder and ending
  std::string device = "auto";       ///< auto, cpu, cuda or reference
  std::filesystem::path out;         ///< the run folder
  bool overwrite = false;            ///< discard a run of the same configuration in that folder, and start again
  bool no_graphs = false;            ///< a GPU computes kernel by kernel: the same bits, more slowly
  bool allow_outliers = false;       ///< train on maps that surely do not belong to the cohort
  std::vector<std::string> command;  ///< the command line, for environment.json
  BuildState build = {};             ///< of the program
  PlanPart part = {};
  std::function<int()> stop = stop_signal;  ///< called between steps: the signal to save and end; 0: continue
};

}  // namespace cg
