// SPDX-License-Identifier: Apache-2.0
#include "experiments/runner/announcement.h"

#include <fmt/format.h>

#include <cstdio>

#include "data/files/sums.h"
#include "experiments/program/progress.h"
#include "experiments/training/planned_split.h"
#include "experiments/training/setup.h"
#include "losses/registry.h"

namespace cg {
namespace {

void print_cohort(const CohortFile& file) {
  const Shape v = file.volume_shape();
  fmt::print("cohort      {}: {} subjects, {} x {} x {} voxels of {:g} mm\n", file.path(), file.size(), v[0], v[1],
             v[2], file.voxel_mm());
  if (!file.verified()) fmt::print("            {}\n", Sums::absent);
}

/// How the parts were chosen.
std::string split_by(const DataOptions& data) {
  const std::string fold = fmt::format("fold {} of {}, seed {}", data.fold, data.folds, data.split_seed);
  switch (data.split) {
    case SplitBy::rows:
      return fold + ", by the rows of the file as published";
    case SplitBy::persons:
      return fold + ", by persons";
    case SplitBy::column:
      return "by the column " + data.split_column;
    case SplitBy::ids:
      return "by the ids of " + data.test_ids;
  }
  return fold;
}

void print_split(const Config& config, const Split& split) {
  const std::string validation =
      split.validation.empty() ? "" : fmt::format(", {} for validation", split.validation.size());
  fmt::print("split       {} to train{}, {} to test ({})\n", split.train.size(), validation, split.test.size(),
             split_by(config.data));
  if (config.evaluation.every > 0 && config.evaluation.watch == Watch::test)
    fmt::print("            the test part is evaluated during training too: choose nothing by it\n");
}

std::string seeds_and_epochs(const Config& config) {
  return fmt::format("{} seed{} of {} epoch{}", config.seeds.size(), config.seeds.size() == 1 ? "" : "s",
                     config.train.epochs, config.train.epochs == 1 ? "" : "s");
}

/// What follows from the configuration alone.
void print_training(const Config& config) {
  if (!config.data.augment.apply.empty())
    fmt::print("augmented   {}; the two views of a subject differ\n", to_string(config.data.augment));
  const bool has_two = loss_info(config.loss.name).has_two_formulations();
  const bool is_printed = config.loss.shared.formulation == Formulation::printed;
  fmt::print("loss        {}{}\n", config.loss.name,
             !has_two     ? ""
             : is_printed ? ", as printed"
                          : ", as in the published code");
  fmt::print("training    {}, batches of {}{}, learning rate {:g}\n", seeds_and_epochs(config), config.train.batch_size,
             config.train.order == SubjectOrder::study_balanced ? ", subjects of all studies equally often" : "",
             config.train.learning_rate);
}

void print_data(const Config& config, const Cohort& cohort) {
  if (cohort.file->synthetic())
    fmt::print(
        "*** SYNTHETIC PHANTOM: these brains are computed, not measured. No result here describes real people. "
        "***\n\n");
  print_cohort(*cohort.file);
  print_split(config, cohort.split);
}

void print_weights(const CheckedWeights& weights) {
  fmt::print("{}\n            subjects: {}\n\n", to_string(weights.file), weights.subjects);
}

void print_time(const Config& config, const Beginning& beginning) {
  const Workload& work = beginning.work;
  const double all = work.all(), left = all - beginning.done;
  const Index evaluations = work.evaluations() * static_cast<Index>(config.seeds.size());
  fmt::print(
      "time        {:.2f} s per step, {:.1f} s per epoch, {:.1f} s per evaluation; {}, {} evaluation{}{}: about {}\n",
      work.pace.step, work.epoch(), work.evaluation(), seeds_and_epochs(config), evaluations,
      evaluations == 1 ? "" : "s",
      beginning.done > 0 ? fmt::format(", {:.0f} % of the work left", 100 * left / all) : "", duration(left));
}

}  // namespace

void print_plan(const Config& config, const RunOptions& options) {
  const PhantomOptions& phantom = config.data.phantom;
  std::optional<Cohort> cohort;
  if (!config.data.cohort.empty() || std::filesystem::exists(cohort_path(config.data)))
    cohort = checked_cohort(config, options);
  const std::optional<CheckedWeights> weights = checked_weights(config, cohort ? &*cohort : nullptr);
  fmt::print("The configuration is valid: {}\n\n", options.name);
  if (config.data.cohort.empty())
    fmt::print("cohort      SYNTHETIC phantom{}, {} subjects at {:g} mm, seed {}\n",
               phantom.modality == PhantomModality::t1 ? ", T1-like" : "", phantom.subjects, phantom.voxel_mm,
               phantom.seed);
  else
    print_cohort(*cohort->file);
  if (cohort) {
    print_split(config, cohort->split);
    checked_batches(config, static_cast<Index>(cohort->split.train.size()));
  } else {
    fmt::print("split       {}\n", split_by(config.data));
    if (const auto size = planned_training_size(config.data)) checked_batches(config, *size);
  }
  print_training(config);
  if (weights) print_weights(*weights);
  fmt::print("device      {}\n", options.device);
  fmt::print("results     {}\n", options.out.string());
  fmt::print("digest      {}\n", config_digest(config));
}

void announce(const Experiment& experiment, Learner& learner, const Beginning& beginning) {
  const Config& config = experiment.config;
  const Cohort& cohort = experiment.cohort;
  const Index batch = experiment.batches.front();
  fmt::print("{}\n", to_string(learner.summary(batch)));
  print_data(config, cohort);
  print_training(config);
  fmt::print("device      {}\n", describe_device(*experiment.backend, experiment.no_cuda));
  fmt::print("precision   activations in {}\n", name_of(learner.options().activations));
  fmt::print("parameters  {}\n", grouped(learner.parameters().trained_count()));
  fmt::print("memory      {}\n", to_string(learner.memory(batch)));
  if (cohort.on_device) fmt::print("volumes     all on the device, {} MB\n", megabytes(cohort.on_device->bytes()));
  print_time(config, beginning);
  fmt::print("results     {}\n", experiment.options.out.string());
  if (!beginning.position.empty()) fmt::print("resuming    {}\n", beginning.position);
  fmt::print("\n");
  if (experiment.pretrained) print_weights(*experiment.pretrained);
  std::fflush(stdout);
}

}  // namespace cg
