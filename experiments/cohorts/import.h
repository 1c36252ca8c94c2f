// Makes a cohort file (docs/cohort-file.md) from a laboratory's files, a participant at a time: nothing is written
// unless everything is in order, and everything that is not is told at once. Read next: import_options.h, map_reader.h.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "experiments/cohorts/import_options.h"
#include "experiments/program/progress.h"

namespace cg {

/// What was, or would be, imported.
struct Imported {
  Index maps = 0;
  Index lossy = 0;                    ///< maps of which more than 5 % lie outside of the grid
  Index hidden_ages = 0;              ///< "89+", counted as 89
  std::vector<std::string> left_out;  ///< ids without a map
  std::string digest;                 ///< SHA-256 of ids, ages and maps
  std::string report;                 ///< CSV: a line a participant
};

/// Reads and checks everything; with `out`, writes the cohort file. `threads`: 0: all.
/// Errors: data or corrupt, listing every finding; usage, storage; interrupted, if a signal is noted (stop_signal.h).
Imported import_cohort(const ImportOptions& options, const std::filesystem::path& out, const ProgressOutput& output,
                       int threads = 0);

}  // namespace cg
