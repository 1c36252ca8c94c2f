// SPDX-License-Identifier: Apache-2.0
#include "experiments/runner/trainer.h"

#include <fmt/format.h>

#include <utility>

#include "experiments/program/progress.h"
#include "experiments/program/stop_signal.h"
#include "experiments/program/stopwatch.h"
#include "experiments/record/results.h"
#include "experiments/runner/announcement.h"
#include "experiments/runner/experiment.h"
#include "experiments/runner/run.h"
#include "experiments/runner/workload.h"
#include "experiments/training/evaluation.h"
#include "tensor/error.h"
#include "tensor/threads.h"

namespace cg {
namespace {

/// Calls body(). An error in its numbers also names the position and the learning rate, and what `more` says.
template <class Body>
auto at_position(const Experiment& experiment, const RunState& at, double rate, const Body& body,
                 const std::string& more = "") {
  try {
    return body();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::numbers) throw;
    fail(error.kind(), error.where(),
         fmt::format("{}, at {}, learning rate {:g}{}", error.found(), experiment.position(at), rate, more),
         error.fix());
  }
}

/// One step. An error in its numbers also names the subjects.
LossResult take_step(const Experiment& experiment, const RunState& at, Learner& learner, const Batch& batch,
                     double rate) {
  std::string subjects;
  for (Index i : batch.subjects) subjects += (subjects.empty() ? "" : ", ") + experiment.cohort.file->subject(i).id;
  return at_position(
      experiment, at, rate,
      [&] {
        return learner.step(batch.volumes, batch.ages, {at.epoch, experiment.config.train.epochs}, rate);
      },
      "; subjects " + subjects);
}

DeviceLoader batches(Experiment& experiment, const RunState& at, Index first_batch) {
  Cohort& cohort = experiment.cohort;
  return cohort.batches(*experiment.backend, cohort.split.train,
                        experiment.loader_options(experiment.seed(at), at.epoch, first_batch));
}

/// What is shown while the run works: how far it is, by the expected seconds of its parts.
struct Shown {
  const Workload& work;
  Progress& progress;
};

/// "seed 2, epoch 12 of 50"; the name of a part of a plan has the seed already.
std::string epoch_text(const Experiment& experiment, const RunState& at) {
  const std::string epoch = fmt::format("epoch {} of {}", at.epoch, experiment.config.train.epochs);
  return experiment.options.part.whole ? epoch : fmt::format("seed {}, {}", experiment.seed(at), epoch);
}

/// The remaining steps of the epoch.
void train_epoch(Experiment& experiment, Run& run, Learner& learner, const Shown& shown) {
  RunState& at = run.at;
  const auto start = Clock::now();
  const double before = at.epoch_seconds, rate = experiment.learning_rate(at.epoch);
  DeviceLoader loader = batches(experiment, at, at.step);
  while (const auto batch = loader.next()) {
    run.stop_if_asked(shown.progress);
    const LossResult result = take_step(experiment, at, learner, *batch, rate);
    if (at.step == 0) at.neighbours = result.metrics.neighbours / learner.options().views;  // of a full batch
    at.loss_sum += result.value;
    const double expected = shown.work.step(at.step++);
    at.epoch_seconds = before + seconds_since(start);
    shown.progress.advance(expected, fmt::format("{}, loss {:.3f}", epoch_text(experiment, at), result.value));
  }
}

/// Writes the errors of the evaluated parts into the epoch's row, and returns them as text.
std::string errors_of(const Evaluation& evaluation, EpochRow& row) {
  std::string text;
  const auto add = [&](const char* name, const EvaluatedPart& part, double& mae) {
    if (part.predicted.empty()) return;
    mae = part.metrics.mae;
    text += fmt::format(", {} MAE {:.3f} years", name, mae);
  };
  add("validation", evaluation.validation, row.validation_mae);
  add("test", evaluation.test, row.mae);
  return text;
}

/// Evaluates and records the epoch; returns whether it was the last of its seed. The part that can be interrupted comes
/// first; after a resume it starts again.
bool end_epoch(Experiment& experiment, Run& run, Learner& learner, const Shown& shown) {
  const auto& [work, progress] = shown;
  RunState& at = run.at;
  const auto start = Clock::now();
  const EvaluationOptions& o = experiment.config.evaluation;
  const Index seed = experiment.seed(at), epoch = at.epoch;
  const bool last = epoch == experiment.config.train.epochs;
  const bool measured = experiment.config.evaluates_after(epoch), kept = experiment.config.keeps_features_after(epoch);
  EpochRow row{.seed = seed,
               .epoch = epoch,
               .loss = at.loss_sum / static_cast<double>(at.step),
               .learning_rate = experiment.learning_rate(epoch),
               .neighbours = at.neighbours,
               .seconds = at.epoch_seconds};
  Evaluation evaluation;
  CohortFeatures features;
  if (measured || kept)
    features = at_position(experiment, at, row.learning_rate, [&] {
      return encode(learner, experiment.cohort, experiment.batches.front(), [&] {
        run.stop_if_asked(progress);
        progress.advance(work.encode_batch(), epoch_text(experiment, at) + ", evaluation");
      });
    });
  if (measured) {
    const EvaluatedParts parts{.validation = last || o.watch == Watch::validation,
                               .test = last || o.watch == Watch::test};
    evaluation = at_position(experiment, at, row.learning_rate, [&] {
      return evaluate(features.at(o.features), experiment.cohort, experiment.predictor_options(seed), parts);
    });
    const std::string errors = errors_of(evaluation, row);
    if (!experiment.options.part.whole)
      progress.say(fmt::format("seed {}, epoch {}: loss {:.4f}{}", seed, epoch, row.loss, errors));
    if (last)
      for (const std::string& warning : evaluation.warnings)
        progress.say(experiment.options.part.whole ? "warning: " + warning
                                                   : fmt::format("warning: seed {}: {}", seed, warning));
  }
  if (kept) at.kept.push_back({seed, epoch, std::move(features.projected), std::move(features.encoder)});
  run.record_epoch(row);
  at.seed_seconds += at.epoch_seconds + seconds_since(start);
  if (last) run.record_seed(evaluation, row.loss);
  run.advance(last);
  if (!run.done()) run.save_if_due();
  return last;
}

/// The seconds of a step, once the device has warmed up. At learning rate 0 the network cannot diverge.
double step_seconds(Experiment& experiment, const RunState& at, Learner& learner) {
  double seconds = 0;
  for (int repetition = 0; repetition <= experiment.backend->traits().warm_up_steps; ++repetition) {
    DeviceLoader loader = batches(experiment, at, 0);
    const auto batch = loader.next();
    const auto start = Clock::now();
    take_step(experiment, at, learner, *batch, 0);
    seconds = seconds_since(start);
  }
  return seconds;
}

/// The seconds of a batch in evaluation mode, once the device has warmed up.
double encode_seconds(Experiment& experiment, Learner& learner) {
  double seconds = 0;
  for (int repetition = 0; repetition <= experiment.backend->traits().warm_up_steps; ++repetition) {
    DeviceLoader loader = evaluation_batches(learner, experiment.cohort, experiment.batches.front());
    const auto batch = loader.next();
    const auto start = Clock::now();
    learner.encode(batch->volumes);
    seconds = seconds_since(start);
  }
  return seconds;
}

/// Prints what the run will do. The times are measured on a temporary network.
Workload announce_run(Experiment& experiment, const Run& run) {
  const RunState& at = run.at;
  const auto learner = experiment.make_learner(experiment.seed(at));
  const Workload work{
      .config = experiment.config,
      .batches = experiment.batches,
      .subjects = experiment.cohort.file->size(),
      .pace = {.step = step_seconds(experiment, at, *learner), .encode = encode_seconds(experiment, *learner)}};
  if (!experiment.options.part.whole)
    announce(experiment, *learner,
             {.work = work, .done = work.before(at), .position = run.is_resumed() ? experiment.position(at) : ""});
  return work;
}

Progress progress_of(const Experiment& experiment, double work) {
  const PlanPart& part = experiment.options.part;
  if (!part.whole) return {work, standard_error()};
  part.whole->clear();
  return {work, *part.whole, part.share, part.name};
}

void train(Experiment& experiment, Run& run) {
  // Volumes that are augmented change with every epoch, and are not kept.
  if (experiment.config.data.augment.apply.empty())
    experiment.cohort.keep_on(*experiment.backend, experiment.planned.activations, experiment.spare_bytes);
  const Workload work = announce_run(experiment, run);
  const StopSignals signals;
  Progress progress = progress_of(experiment, work.all());
  progress.skip(work.before(run.at));
  const Shown shown{work, progress};
  bool warned = false;
  while (!run.done()) {
    Learner& learner = run.start_seed();
    do {
      if (const std::string why = experiment.backend->capture_refusal(); !why.empty() && !std::exchange(warned, true))
        progress.say(
            fmt::format("warning: the device did not capture a step as a graph ({}). It computes kernel by "
                        "kernel: the results are the same, but a step takes longer",
                        why));
      train_epoch(experiment, run, learner, shown);
    } while (!end_epoch(experiment, run, learner, shown));
  }
  progress.finish();
  run.finish();
  if (experiment.options.part.whole)
    for (const SeedResult& seed : run.at.results)
      progress.say(fmt::format("test MAE {:.3f} years, {}", seed.test.mae, duration(seed.seconds)));
}

}  // namespace

void run_experiment(const Config& config, const RunOptions& options) {
  if (!options.overwrite && is_finished(options.out, config)) {
    fmt::print("{}", result_text(options.out));
    std::fflush(stdout);  // before the error
    refuse_finished(options.out);
  }
  const Threads threads(config.threads);
  Experiment experiment(config, options);
  Run run(experiment);
  try {
    train(experiment, run);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::memory) throw;
    run.drop_learner();
    experiment.cohort.leave_device();
    name_batch_that_fits(error, experiment.memory_job());
  }
}

}  // namespace cg
