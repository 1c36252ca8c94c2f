// SPDX-License-Identifier: Apache-2.0
// A study: one configuration with some options changed, row by row, and the paper's number for each row. It is a
// configuration file with a section [study]:
//
//   [study]
//   title = "Table 3: contrastive losses"
//   base = "dynlocrep.toml"             what all rows share; relative to this file
//   seeds = [0, 1, 2, 3, 4]
//   [study.rows.threshold]              one row: any options of a configuration
//   label = "Threshold"
//   paper = [4.420, 0.503]              mean and SD of the test MAE, years
//   loss.name = "threshold"
//   [study.grid]                        rows of all combinations
//   loss.far_decay = [0.0, 0.5, 1.0]
//   [study.random]                      rows of random draws
//   draws = 30
//   loss.final_neighbours = [2, 31]     from, to; whole numbers give whole numbers
//
// The other sections change options in all rows. A study with `parts` has no rows: it names other studies. Read next:
// experiments/config/config.h.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "experiments/config/config.h"
#include "experiments/statistics/metrics.h"

namespace cg {

/// How subjects are divided into training and test part.
enum class Protocol {
  published,            ///< as the configuration says: one part for all seeds
  k_fold,               ///< each seed has its own division; each of its data.folds parts is the test part once
  repeated,             ///< every seed has its own random division
  leave_one_study_out,  ///< for every seed each study of the cohort is the test part once
};

/// Several random divisions, whose differences are corrected for the subjects that they share (resampled.h).
constexpr bool is_resampled(Protocol protocol) {
  return protocol == Protocol::k_fold || protocol == Protocol::repeated;
}

struct StudyOptions {
  std::string title;
  std::string base;  ///< relative to the study's file
  std::vector<Index> seeds = {0, 1, 2, 3, 4};
  Protocol protocol = Protocol::published;
  std::vector<std::string> parts;  ///< names of other studies, or files relative to this one
  std::string reference;           ///< the row with which the others are compared; empty: the first
};
/// The fields of [study] in a configuration.
Fields<StudyOptions> study_fields();

struct StudyRow {
  std::string name;             ///< of its section: "threshold"
  std::string label;            ///< "Threshold"
  std::optional<MeanSd> paper;  ///< the paper's test MAE and its SD over seeds, years
  Config config;                ///< its seeds are those of the study
};

struct Study {
  std::string name;  ///< the file's, without its ending
  StudyOptions options;
  std::vector<StudyRow> rows;
};

/// The keys of [study]: type, range, default, sentence.
std::string study_manual();

/// The study of a source, or those that its `parts` name. `experiments`: where the names of experiments are looked up.
/// Errors: usage, with all problems of a file, and each with its position.
std::vector<Study> read_studies(const Source& source, const std::filesystem::path& experiments);

}  // namespace cg
