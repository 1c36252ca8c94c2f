// SPDX-License-Identifier: Apache-2.0
// Creates a cohort file (docs/cohort-file.md) from a laboratory's files, one participant at a time. Nothing is written
// if there is a problem, and all problems are reported together. Read next: import_options.h, map_reader.h.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "experiments/cohorts/age_unit.h"
#include "experiments/cohorts/import_options.h"
#include "experiments/program/progress.h"

namespace cg {

/// The result of an import or of a check.
struct Imported {
  Index maps = 0;
  std::vector<std::string> lossy;     ///< ids of maps with more than 5 % outside of the grid
  std::vector<std::string> warnings;  ///< what was ignored in a file, with its path
  AgeUnit age_unit = {};              ///< of the table
  Index hidden_ages = 0;              ///< "89+", counted as 89
  std::vector<std::string> left_out;  ///< ids without a map
  std::vector<std::string> outliers;  ///< a line per kind of difference between maps and their cohort
  std::string digest;                 ///< SHA-256 of ids, ages and maps
  std::string report;                 ///< CSV: one line per participant
};

/// Reads and checks everything. With `out`, writes the cohort file. `threads`: 0: all.
/// Errors: data or corrupt, with all problems; usage, storage; interrupted, after a signal (stop_signal.h).
Imported import_cohort(const ImportOptions& options, const std::filesystem::path& out, const ProgressOutput& output,
                       int threads = 0);

}  // namespace cg
