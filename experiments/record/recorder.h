// The run folder: what a run was, and what came out.
//   config.resolved.toml  every option and its value      environment.json  program, machine, command line
//   metrics.csv           a row an epoch                  predictions.csv   a row a subject and seed
//   summary.json          the results; its presence means that the run is finished
//   checkpoint.h5         while it is not finished: where an interrupted run goes on (checkpoint.h)
// Read next: storage.h, how the files survive a crash.
#pragma once

#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "data/files/storage.h"
#include "experiments/statistics/metrics.h"

namespace cg {

constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

/// A row of metrics.csv.
struct EpochRow {
  Index seed = 0;
  Index epoch = 0;  ///< counted from 1
  double loss = 0;  ///< mean over the epoch's batches
  double learning_rate = 0;
  Index neighbours = 0;  ///< subjects in a neighbourhood, the anchor counted; 0: the loss has none
  double seconds = 0;
  double mae = not_measured;  ///< of the test part, years, where it was evaluated
};

/// A row of predictions.csv.
struct PredictionRow {
  Index seed = 0;
  std::string participant_id;
  double age = 0, predicted = 0;  ///< years
  std::string part;               ///< train or test
  std::string study;              ///< empty if the cohort does not say
};

/// What a seed ended with.
struct SeedResult {
  Index seed = 0;
  Metrics test;
  double alpha = 0;  ///< penalty of the ridge regression; NaN with other predictors
  double loss = 0;   ///< of the last epoch
  double seconds = 0;
};

/// SHA-256 of what decides a run's numbers besides its cohort.
struct RunDigests {
  std::string config;
  std::string weights;  ///< that training starts from; empty if they are random
};

/// Sizes of the growing files, saved in a checkpoint so that resuming cuts off what came after it.
struct LogSizes {
  Index metrics = 0, predictions = 0;
};

class Recorder {
 public:
  /// Makes or opens the folder, locks it, and writes config.resolved.toml. With `overwrite` a run of the same
  /// configuration that is there, finished or not, is forgotten. Otherwise an unfinished one stays as it is if it has a
  /// checkpoint: `rewind` to it. Errors: in_use, if a living run holds the folder, if its run is finished, or if it
  /// holds anything but a run of this configuration, unless that ended before its first epoch was recorded; storage.
  Recorder(const std::filesystem::path& folder, const std::string& resolved_config, bool overwrite);

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path checkpoint() const;
  bool resumable() const;  ///< there is a checkpoint

  void environment(const std::string& json);              ///< environment.json; see environment.h
  void epoch(const EpochRow& row);                        ///< appends to metrics.csv; on the disk when it returns
  void predictions(std::span<const PredictionRow> rows);  ///< appends to predictions.csv
  /// Finishes the run: writes summary.json and removes the checkpoint. `test.mae` and the other metrics as means over
  /// seeds with their sample SD (null for one seed), `baseline.mae`, and a list by seed; how often it was `resumed`.
  void summary(std::span<const SeedResult> seeds, const Metrics& baseline, const RunDigests& digests, Index resumed);

  LogSizes sizes() const;
  /// Cuts the growing files to what they were at a checkpoint; {} starts them anew. Errors: corrupt, if a file is
  /// shorter than that; nothing is then cut.
  void rewind(const LogSizes& sizes);

 private:
  std::filesystem::path folder_;
  FolderLock lock_;
  AppendFile metrics_, predictions_;
};

}  // namespace cg
