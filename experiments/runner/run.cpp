// SPDX-License-Identifier: Apache-2.0
#include "experiments/runner/run.h"

#include <fmt/format.h>
#include <omp.h>
#include <string.h>

#include "data/files/storage.h"
#include "experiments/program/environment.h"
#include "experiments/record/model_file.h"
#include "experiments/record/results.h"
#include "experiments/record/shared_subjects.h"
#include "tensor/error.h"

namespace cg {
namespace {

/// At the end of an epoch a checkpoint is saved if the time since the last one is at least this many times the time
/// that saving took. So saving takes at most 2 % of the time, and a killed run loses little more than one epoch.
constexpr double work_over_saving = 50;

}  // namespace

Run::Run(const Experiment& experiment)
    : experiment_(experiment), recorder_(experiment.options.out, experiment.config, experiment.options.overwrite) {
  if (recorder_.resumable()) saved_ = read_checkpoint(recorder_.checkpoint());
  if (saved_)
    resume();
  else
    at.logs = recorder_.logs();
  if (at.stages.empty()) at.stages.push_back(experiment.stage(at));
  recorder_.environment(environment_json(experiment.options.command, omp_get_max_threads(), to_json(provenance())));
}

void Run::resume() {
  const std::string where = recorder_.checkpoint().string();
  const InputDigests here = experiment_.inputs(), &there = saved_->inputs;
  if (!recorder_.is_config_digest(there.config))
    fail(ErrorKind::in_use, where, "the checkpoint belongs to a run with another configuration",
         "Remove the checkpoint, or start again with --overwrite");
  if (there.cohort != here.cohort)
    fail(ErrorKind::data, where, "the cohort has changed since the checkpoint was saved",
         "Restore the cohort, or start again with --overwrite");
  if (there.split != here.split)
    fail(ErrorKind::data, where,
         "the parts of the cohort have changed since the checkpoint was saved: other subjects would be tested",
         "Restore the order of the cohort's rows and the list or column that defines the test part, or start again "
         "with --overwrite");
  if (there.weights != here.weights)
    fail(ErrorKind::data, where, "the initial weights (pretrained.weights) have changed since the checkpoint was saved",
         "Restore the file of weights, or start again with --overwrite");
  recorder_.rewind(saved_->run.logs);
  at = std::move(saved_->run);
  ++at.resumed;
  const Stage now = experiment_.stage(at);
  if (at.stages.empty() || at.stages.back().is_like(now)) return;
  fmt::print(stderr,
             "warning: this run was computed by {} and continues with {}. Its results are not reproducible with either "
             "alone.\n",
             to_string(at.stages.back()), to_string(now));
  at.stages.push_back(now);
}

Provenance Run::provenance() const {
  Provenance out = cg::provenance(experiment_.options.name, experiment_.config, experiment_.cohort);
  out.stages = at.stages;
  return out;
}

Learner& Run::start_seed() {
  learner_.reset();
  learner_ = experiment_.make_learner(experiment_.seed(at));
  if (saved_ && !at.fresh()) learner_->resume(saved_->learner, saved_->batches_seen);
  saved_.reset();
  return *learner_;
}

void Run::save() {
  const auto start = Clock::now();
  Checkpoint c{.inputs = experiment_.inputs(), .run = at, .learner = {}};
  if (!at.fresh()) {
    c.batches_seen = learner_->batches_seen();
    c.learner = learner_->state();
  }
  write_checkpoint(recorder_.checkpoint(), c, *experiment_.backend);
  saved_at_ = Clock::now();
  save_seconds_ = seconds_since(start);
}

void Run::save_if_due() {
  if (seconds_since(saved_at_) >= work_over_saving * save_seconds_) save();
}

void Run::stop_if_asked(Progress& progress) {
  const int signal = experiment_.options.stop();
  if (signal == 0) return;
  save();
  progress.finish();
  fail(ErrorKind::interrupted, fmt::format("SIG{} before {}", sigabbrev_np(signal), experiment_.position(at)),
       "saved in " + recorder_.checkpoint().string(), "Give the same command again to continue");
}

void Run::record_seed(const Evaluation& evaluation, double loss) {
  const Index seed = experiment_.seed(at);
  const CohortFile& cohort = *experiment_.cohort.file;
  recorder_.predictions(prediction_rows(cohort, seed, evaluation));
  if (at.results.empty())
    write_atomically(recorder_.picture(), prediction_picture(cohort, evaluation, provenance(), seed));
  SeedResult result{.seed = seed,
                    .test = evaluation.test.metrics,
                    .penalty = evaluation.predictor.penalty,
                    .loss = loss,
                    .seconds = at.seed_seconds};
  if (!evaluation.validation.predicted.empty()) result.validation = evaluation.validation.metrics;
  at.results.push_back(result);
  const Prediction held = prediction(evaluation);
  write_model(recorder_.model(seed), *learner_, &held);
}

/// What the model file holds besides its weights.
Prediction Run::prediction(const Evaluation& evaluation) {
  const Cohort& cohort = experiment_.cohort;
  if (!training_part_) training_part_ = describe_training(cohort);
  const std::vector<double> ages = cohort.ages(evaluation.train.features.subjects);
  const PredictorOptions options = experiment_.predictor_options(experiment_.seed(at));
  const Pretrained* weights = experiment_.pretrained ? &experiment_.pretrained->file : nullptr;
  return {.features = experiment_.config.evaluation.features,
          .activations = learner_->options().activations,
          .predictor = evaluation.predictor,
          .bias = fit_age_bias(ages,
                               predict_left_out(options, evaluation.predictor, evaluation.train.features.rows(), ages)),
          .preprocessing = preprocessing_of(cohort),
          .training = *training_part_,
          .subjects = with_pretraining(known_subjects(cohort), weights, experiment_.config.pretrained.equal_ids)};
}

void Run::finish() {
  const Cohort& cohort = experiment_.cohort;
  if (!at.kept.empty()) write_embeddings(recorder_.embeddings(), cohort, provenance(), at.kept);
  const EvaluationOptions& o = experiment_.config.evaluation;
  const std::string watched = o.every == 0 ? "" : o.watch == Watch::test ? "test" : "validation";
  const Metrics mean_age = baseline(cohort.ages(cohort.split.train), cohort.ages(cohort.split.test));
  recorder_.summary(at.results, mean_age, {experiment_.inputs(), watched, at.resumed}, provenance());
  if (!experiment_.options.part.whole) fmt::print("{}", result_text(recorder_.folder()));
}

}  // namespace cg
