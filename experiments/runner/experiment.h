// SPDX-License-Identifier: Apache-2.0
// What all seeds of a run share: configuration, device, cohort, batches, memory, first weights; and what follows from
// them for one seed or epoch. Read next: experiments/training/learner.h (a step), experiments/training/cohort.h (the
// data).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/config/config.h"
#include "experiments/record/checkpoint.h"
#include "experiments/runner/run_options.h"
#include "experiments/training/cohort.h"
#include "experiments/training/learner.h"
#include "experiments/training/memory_check.h"
#include "experiments/training/pretrained.h"

namespace cg {

/// The sizes of an epoch's batches. Prints warnings about settings that switch the method off. Errors (usage): a last
/// batch of one subject; fewer training subjects than a predictor of age needs.
std::vector<Index> checked_batches(const Config& config, Index training_subjects);

/// Opens the cohort, and prints warnings of maps that do not belong to it. Errors: those of open_cohort and
/// check_outliers.
Cohort checked_cohort(const Config& config, const RunOptions& options);

/// Weights to start from, and whether they were trained on test subjects, as text.
struct CheckedWeights {
  Pretrained file;
  std::string subjects;
};

/// Reads the weights that the configuration names; no value if it names none. `cohort`: null if it does not exist yet.
/// Errors: those of read_pretrained and check_shared_subjects.
std::optional<CheckedWeights> checked_weights(const Config& config, const Cohort* cohort);

struct Experiment {
  /// Makes all checks that are possible before a run folder is created. Errors: usage, for a last batch of one
  /// subject; those of the cohort (checked_cohort), the device (choose_backend), the memory that a step needs
  /// (require_memory), and the weights to start from (checked_weights).
  Experiment(const Config& configuration, const RunOptions& run_options);

  const Config config;
  const RunOptions options;
  std::string no_cuda;  ///< why there is no GPU, if one was looked for
  std::unique_ptr<Backend> backend;
  Cohort cohort;
  std::vector<Index> batches;  ///< sizes of an epoch's batches, subjects
  LearnerOptions planned;      ///< of the first seed; the memory that is needed follows from them
  Index spare_bytes;           ///< of the device's memory that training leaves
  std::optional<CheckedWeights> pretrained;

  Index seed(const RunState& at) const { return config.seeds[static_cast<std::size_t>(at.seed)]; }
  Index steps_per_epoch() const { return static_cast<Index>(batches.size()); }
  /// What computes from here on.
  Stage stage(const RunState& at) const;
  /// The step, or the evaluation, that comes next: "seed 0, epoch 3, step 2".
  std::string position(const RunState& at) const;
  InputDigests inputs() const;

  /// A learner with the memory of all batch sizes reserved. Errors: memory.
  std::unique_ptr<Learner> make_learner(Index seed) const;
  /// Without an augmentation both views are equal, and encoded once.
  LoaderOptions loader_options(Index seed, Index epoch, Index first_batch) const;
  double learning_rate(Index epoch) const;
  PredictorOptions predictor_options(Index seed) const;
  MemoryJob memory_job() const;
};

}  // namespace cg
