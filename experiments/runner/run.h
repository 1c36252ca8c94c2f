// A run's folder and where the run is: begun or resumed, saved, stopped, finished. Read next: experiment.h,
// experiments/record/recorder.h (the files), experiments/record/checkpoint.h (what is saved).
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "experiments/program/progress.h"
#include "experiments/record/recorder.h"
#include "experiments/record/trained_model.h"
#include "experiments/runner/experiment.h"
#include "experiments/training/evaluation.h"

namespace cg {

/// Between any two steps `at` and the learner are all that the rest of the run depends on.
class Run {
 public:
  /// Makes or opens the run folder, and goes to where a run there was saved. Errors: those of Recorder and
  /// read_checkpoint; in_use and data, where configuration, cohort or first weights are not those of the saved run.
  explicit Run(const Experiment& experiment);

  RunState at;  ///< seed, epoch, step, and what they brought so far

  bool done() const { return at.seed == static_cast<Index>(experiment_.config.seeds.size()); }
  bool is_resumed() const { return saved_.has_value(); }
  /// Makes the learner of the seed at hand; it continues where it was saved. Only one exists at a time, as two would
  /// need twice the memory. Errors: memory, corrupt.
  Learner& start_seed();
  /// Gives the learner's memory back.
  void drop_learner() { learner_.reset(); }

  void save();
  /// Saves if the time since the last save is long enough for saving to take at most 2 % of it.
  void save_if_due();
  /// Where a signal asks for it: saves and throws (interrupted).
  void stop_if_asked(Progress& progress);

  /// Appends to metrics.csv.
  void record_epoch(const EpochRow& row) { recorder_.epoch(row); }
  /// Writes the seed's predictions, picture and model file. `loss`: of the last epoch.
  void record_seed(const Evaluation& evaluation, double loss);
  /// Goes to the next epoch, or to the first of the next seed.
  void advance(bool next_seed) { at.begin(next_seed, recorder_.sizes()); }
  /// Writes the summary and prints the results.
  void finish();

 private:
  void resume();
  Prediction prediction(const Evaluation& evaluation);

  const Experiment& experiment_;
  Recorder recorder_;
  std::optional<Checkpoint> saved_;  // until its learner is made
  std::unique_ptr<Learner> learner_;
  std::optional<TrainingPart> training_part_;  // the same for all seeds; made when the first model is written
  std::chrono::steady_clock::time_point saved_at_ = std::chrono::steady_clock::now();
  double save_seconds_ = 0;
};

}  // namespace cg
