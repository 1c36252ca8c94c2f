// SPDX-License-Identifier: Apache-2.0
#include "experiments/runner/experiment.h"

#include <fmt/format.h>
#include <omp.h>

#include "experiments/record/shared_subjects.h"
#include "experiments/training/setup.h"
#include "losses/registry.h"
#include "optim/schedule.h"
#include "tensor/error.h"

namespace cg {
namespace {

/// The configuration, after a check that its cohort file can be opened.
const Config& checked(const Config& config) {
  if (!config.data.cohort.empty()) CohortFile(config.data.cohort);
  return config;
}

MemoryJob job_of(const LearnerOptions& planned, const std::vector<Index>& batches, const Cohort& cohort,
                 Backend& backend) {
  return {planned, batches.front(), static_cast<Index>(cohort.split.train.size()), backend};
}

/// Prints what makes no sense but can be computed.
void warn(const Config& config, Index subjects) {
  for (const std::string& warning :
       loss_warnings(config.loss, {std::min(config.train.batch_size, subjects), config.train.epochs}))
    fmt::print(stderr, "warning: {}\n", warning);
}

}  // namespace

std::vector<Index> checked_batches(const Config& config, Index subjects) {
  const std::vector<Index> batches = Loader::batch_sizes(subjects, config.train.batch_size);
  if (subjects < fewest_subjects)
    fail(ErrorKind::usage, "data",
         fmt::format("the training part has {} subjects, and a predictor of age needs at least {}", subjects,
                     fewest_subjects),
         "Use a larger cohort, or more of it for training");
  if (batches.back() == 1)
    fail(ErrorKind::usage, "train.batch_size",
         "the last batch has one subject only, and a contrastive loss compares subjects",
         fmt::format("Choose a size other than {} for {} training subjects.", config.train.batch_size, subjects));
  warn(config, subjects);
  return batches;
}

Cohort checked_cohort(const Config& config, const RunOptions& options) {
  const auto say = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  Cohort cohort = open_cohort(config.data, say);
  check_outliers(cohort, options.allow_outliers, say);
  return cohort;
}

std::optional<CheckedWeights> checked_weights(const Config& config, const Cohort* cohort) {
  if (config.pretrained.weights.empty()) return std::nullopt;
  CheckedWeights out{read_pretrained(config.pretrained, config.model), "not checked: the cohort does not exist yet"};
  if (cohort) out.subjects = check_shared_subjects(out.file, config.pretrained.equal_ids, *cohort);
  return out;
}

static std::unique_ptr<Backend> backend_of(const RunOptions& options, std::string& no_cuda) {
  auto backend = choose_backend(options.device, no_cuda);
  if (options.no_graphs) backend->without_graphs();
  return backend;
}

Experiment::Experiment(const Config& configuration, const RunOptions& run_options)
    : config(checked(configuration)),
      options(run_options),
      backend(backend_of(options, no_cuda)),
      cohort(checked_cohort(config, options)),
      batches(checked_batches(config, static_cast<Index>(cohort.split.train.size()))),
      planned(learner_options(config, cohort.file->volume_shape(), *backend, config.seeds[0])),
      spare_bytes(require_memory(job_of(planned, batches, cohort, *backend))),
      pretrained(checked_weights(config, &cohort)) {}

Stage Experiment::stage(const RunState& at) const {
  return {.from = position(at),
          .device = describe_device(*backend, ""),
          .precision = name_of(planned.activations),
          .build = options.build};
}

InputDigests Experiment::inputs() const {
  return {.config = config_digest(config),
          .cohort = cohort.digest,
          .split = split_digest(*cohort.file, cohort.split),
          .weights = pretrained ? pretrained->file.digest : ""};
}

std::string Experiment::position(const RunState& at) const {
  return fmt::format("seed {}, epoch {}, {}", seed(at), at.epoch,
                     at.step < steps_per_epoch() ? fmt::format("step {}", at.step + 1) : "evaluation");
}

std::unique_ptr<Learner> Experiment::make_learner(Index seed) const {
  LearnerOptions o = learner_options(config, cohort.file->volume_shape(), *backend, seed);
  o.rounded_volumes = cohort.on_device.has_value();
  auto learner = std::make_unique<Learner>(*backend, o, make_loss(config.loss));
  if (pretrained) start_from(pretrained->file, learner->parameters());
  const std::vector<Index> evaluated = {batches.front()};
  learner->reserve(batches, evaluated);
  return learner;
}

LoaderOptions Experiment::loader_options(Index seed, Index epoch, Index first_batch) const {
  return {.batch_size = config.train.batch_size,
          .order = config.train.order,
          .seed = static_cast<std::uint64_t>(seed),
          .epoch = epoch,
          .first_batch = first_batch,
          .views = encoded_views(config),
          .augment = make_augment(config.data.augment, cohort.file->grid()),
          .threads = backend->traits().has_own_memory ? omp_get_max_threads() : 1};
}

double Experiment::learning_rate(Index epoch) const {
  const TrainOptions& t = config.train;
  return Schedule{t.learning_rate, t.decay_factor, t.decay_every}.rate(epoch);
}

PredictorOptions Experiment::predictor_options(Index seed) const {
  PredictorOptions out = config.evaluation.predictor;
  out.shared.seed = static_cast<std::uint64_t>(seed);
  return out;
}

MemoryJob Experiment::memory_job() const { return job_of(planned, batches, cohort, *backend); }

}  // namespace cg
