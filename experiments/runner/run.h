// SPDX-License-Identifier: Apache-2.0
// A run's folder and where the run is: begun or resumed, saved, stopped, finished. Read next: experiment.h,
// experiments/record/recorder.h (the files), experiments/record/checkpoint.h (what is saved).
#pragma once

#include <memory>
#include <optional>

#include "experiments/program/progress.h"
#include "experiments/program/stopwatch.h"
#include "experiments/record/recorder.h"
#include "experiments/record/trained_model.h"
#include "experiments/runner/experiment.h"
#include "experiments/training/evaluation.h"

namespace cg {

/// Between two steps, the rest of the run depends on `at` and the learner alone.
class Run {
 public:
  /// Creates or opens the run folder. If it has a checkpoint, the run continues from it. Errors: those of Recorder and
  /// read_checkpoint; in_use and data, if configuration, cohort, its parts or first weights differ from those of the
  /// saved run; a warning says that it continues on another device, precision or program.
  explicit Run(const Experiment& experiment);

  RunState at;  ///< seed, epoch, step, and the results so far

  bool done() const { return at.seed == static_cast<Index>(experiment_.config.seeds.size()); }
  bool is_resumed() const { return saved_.has_value(); }
  /// Creates the learner of the current seed, from the checkpoint if there is one. Only one exists at a time, because
  /// two would need twice the memory. Errors: memory, corrupt.
  Learner& start_seed();
  /// Frees the learner's memory.
  void drop_learner() { learner_.reset(); }

  void save();
  /// Saves if the time since the last save is long enough for saving to take at most 2 % of it.
  void save_if_due();
  /// Saves and throws (interrupted) if a signal asks for it.
  void stop_if_asked(Progress& progress);

  /// Appends to metrics.csv.
  void record_epoch(const EpochRow& row) { recorder_.epoch(row); }
  /// Writes the seed's predictions, picture and model file. `loss`: of the last epoch.
  void record_seed(const Evaluation& evaluation, double loss);
  /// Goes to the next epoch, or to the first of the next seed.
  void advance(bool next_seed) { at.begin(next_seed, recorder_.logs()); }
  /// Writes the summary and prints the results.
  void finish();

 private:
  void resume();
  Provenance provenance() const;
  Prediction prediction(const Evaluation& evaluation);

  const Experiment& experiment_;
  Recorder recorder_;
  std::optional<Checkpoint> saved_;  // until its learner is created
  std::unique_ptr<Learner> learner_;
  std::optional<TrainingPart> training_part_;  // the same for all seeds; computed when the first model is written
  Clock::time_point saved_at_ = Clock::now();
  double save_seconds_ = 0;
};

}  // namespace cg
