// SPDX-License-Identifier: Apache-2.0
// The run folder: the input of a run, and its results.
//   config.resolved.toml  every option and its value      environment.json  program, machine, command line
//   metrics.csv           one row per epoch               predictions.csv   one row per subject and seed
//   summary.json          the results; its presence means that the run is finished
//   checkpoint.h5         before the run is finished: the state from which it continues (checkpoint.h)
//   model.h5, predictions.svg, embeddings.h5              written by others; named here, as --overwrite removes them
// Read next: storage.h, how the files survive a crash.
#pragma once

#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "data/files/storage.h"
#include "experiments/config/config.h"
#include "experiments/record/provenance.h"
#include "experiments/statistics/metrics.h"

namespace cg {

constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

/// A row of metrics.csv.
struct EpochRow {
  Index seed = 0;
  Index epoch = 0;  ///< counted from 1
  double loss = 0;  ///< mean over the epoch's batches
  double learning_rate = 0;
  Index neighbours = 0;  ///< subjects in a neighbourhood, the anchor included; 0: the loss has no neighbourhood
  double seconds = 0;
  double mae = not_measured;             ///< of the test part, years, if it was evaluated
  double validation_mae = not_measured;  ///< the same of the validation part
};

/// A row of predictions.csv.
struct PredictionRow {
  Index seed = 0;
  std::string participant_id;
  double age = 0, predicted = 0;  ///< years
  std::string part;               ///< train, validation or test
  std::string study;              ///< empty if the cohort does not have it
};

/// The results of a seed.
struct SeedResult {
  Index seed = 0;
  Metrics test;
  Metrics validation = {not_measured, not_measured, not_measured, not_measured};
  double penalty = 0;  ///< of the predictor
  double loss = 0;     ///< of the last epoch
  double seconds = 0;
};

/// SHA-256 of all that a run is computed from. A run continues only with equal ones.
struct InputDigests {
  std::string config = {};
  std::string cohort = {};   ///< Cohort::digest
  std::string split = {};    ///< of the cohort's parts
  std::string weights = {};  ///< that training starts from; empty for random weights
};

/// What the summary says of a run besides its results and where they come from.
struct RunFacts {
  InputDigests inputs = {};
  std::string watched = {};  ///< the part that was evaluated during training: "validation", "test", or empty: none
  Index resumed = 0;         ///< number of times
};

/// The beginning of a growing file.
struct LogBeginning {
  Index bytes = 0;
  std::string sha256 = {};  ///< of these bytes; empty: unknown
};

/// The growing files at a checkpoint. A resumed run continues exactly these bytes, and removes what came after them.
struct Logs {
  LogBeginning metrics = {}, predictions = {};
};

/// Whether Recorder::model() gives this file name, for any seed.
bool is_model_name(const std::string& name);

/// Whether the folder has a finished run of this configuration.
bool is_finished(const std::filesystem::path& folder, const Config& config);

/// The error (in_use) of a run that is finished.
[[noreturn]] void refuse_finished(const std::filesystem::path& folder);

class Recorder {
 public:
  /// Creates or opens the folder, locks it, and writes config.resolved.toml. With `overwrite`, a run of the same
  /// configuration in the folder is discarded with all its results, finished or not. Otherwise an unfinished run with a
  /// checkpoint is kept: `rewind` to it. What a run without a checkpoint left is removed. Errors: in_use, if another
  /// process holds the folder, if its run is finished, or if it contains anything except a run of this configuration
  /// (unless that run ended before its first epoch); storage.
  Recorder(const std::filesystem::path& folder, const Config& config, bool overwrite);

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path checkpoint() const;
  std::filesystem::path picture() const;          ///< predictions.svg
  std::filesystem::path embeddings() const;       ///< embeddings.h5
  std::filesystem::path model(Index seed) const;  ///< model.h5, or model-seed<k>.h5 if there are several seeds
  bool resumable() const;                         ///< there is a checkpoint
  /// Whether this is a digest of the run's configuration: computed by this version of the program, or by the earlier
  /// one that created the folder and did not have all keys.
  bool is_config_digest(const std::string& digest) const;

  void environment(const std::string& json);              ///< environment.json; see environment.h
  void epoch(const EpochRow& row);                        ///< appends to metrics.csv; on the disk when it returns
  void predictions(std::span<const PredictionRow> rows);  ///< appends to predictions.csv
  /// Finishes the run: writes summary.json and removes the checkpoint. It has the means of `test.mae` and the other
  /// metrics over seeds with their sample SD (null for one seed), `baseline.mae`, a list by seed, and the facts; and
  /// all that to_json(provenance) has.
  void summary(std::span<const SeedResult> seeds, const Metrics& baseline, const RunFacts& facts,
               const Provenance& provenance = {});

  Logs logs() const;  ///< as they are now
  /// Cuts the growing files to what they were at a checkpoint; {} empties them. Errors: corrupt, if a file is shorter
  /// or another program has changed it; then nothing is cut.
  void rewind(const Logs& logs);

 private:
  std::filesystem::path folder_;
  Config config_;
  FolderLock lock_;
  AppendFile metrics_, predictions_;
};

}  // namespace cg
