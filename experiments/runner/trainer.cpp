#include "experiments/runner/trainer.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "data/hdf5_file.h"
#include "data/storage.h"
#include "experiments/analysis/scatter.h"
#include "experiments/runner/cohort.h"
#include "experiments/runner/environment.h"
#include "experiments/runner/evaluation.h"
#include "experiments/runner/learner.h"
#include "experiments/runner/model_file.h"
#include "experiments/runner/progress.h"
#include "experiments/runner/recorder.h"
#include "experiments/runner/setup.h"
#include "losses/registry.h"
#include "optim/schedule.h"
#include "tensor/error.h"

namespace cg {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The configuration, its cohort file found to be sound before a run folder is made for it.
const Config& checked(const Config& config) {
  if (!config.data.cohort.empty()) CohortFile(config.data.cohort);
  return config;
}

/// One experiment on its way: what all seeds share.
class Trainer {
 public:
  Trainer(const Config& config, const RunOptions& options)
      : config_(checked(config)),
        options_(options),
        recorder_(options.out, resolved_config(config), options.overwrite),
        backend_(choose_backend(options.device, config.threads)) {
    recorder_.rewind({});  // nothing is resumed: what an unfinished run left is written anew
    recorder_.environment(environment_json(options.command, backend_->description(), omp_get_max_threads()));
    cohort_ = open_cohort(config.data, say);
    batches_ = Loader::batch_sizes(static_cast<Index>(cohort_.split.train.size()), config.train.batch_size);
    if (batches_.back() == 1)
      fail(ErrorKind::usage, "train.batch_size",
           "it leaves a last batch of one subject, which has nobody to compare with",
           fmt::format("Choose another size than {} for {} training subjects.", config.train.batch_size,
                       cohort_.split.train.size()));
  }

  void run() {
    announce();
    Progress progress(
        static_cast<Index>(config_.seeds.size()) * config_.train.epochs * static_cast<Index>(batches_.size()),
        standard_error());
    for (Index seed : config_.seeds) run_seed(seed, progress);
    progress.finish();
    finish();
  }

 private:
  static void say(const std::string& line) { fmt::print(stderr, "{}\n", line); }

  std::unique_ptr<Learner> make_learner(Index seed) {
    const LearnerOptions o = learner_options(config_, cohort_.file->volume_shape(), *backend_, seed);
    auto learner = std::make_unique<Learner>(*backend_, o, make_loss(config_.loss));
    const std::vector<Index> evaluated = {config_.train.batch_size};
    learner->reserve(batches_, evaluated);
    return learner;
  }

  LoaderOptions epoch_options(Index seed, Index epoch) const {
    return {.batch_size = config_.train.batch_size,
            .seed = static_cast<std::uint64_t>(seed),
            .epoch = epoch,
            .augment = {}};
  }

  void announce();
  double measured_step(Learner& learner);
  void run_seed(Index seed, Progress& progress);
  double run_epoch(Learner& learner, Index seed, Index epoch, Progress& progress, LossMetrics& metrics);
  LossResult step(Learner& learner, const Batch& batch, const StepTime& time, Index seed, Index number);
  void record_end(Learner& learner, Index seed, const Evaluation& evaluation, double loss, double seconds);
  void keep_embeddings(Learner& learner, Index seed, Index epoch);
  void draw(Index seed, const Evaluation& evaluation);
  void write_embeddings();
  void finish();

  Schedule schedule() const {
    return {config_.train.learning_rate, config_.train.decay_factor, config_.train.decay_every};
  }

  Config config_;
  RunOptions options_;
  Recorder recorder_;
  std::unique_ptr<Backend> backend_;
  Cohort cohort_;
  std::vector<Index> batches_;
  std::vector<SeedResult> results_;
  struct Kept {
    Index seed, epoch;
    SubjectFeatures projected, encoder;
  };
  std::vector<Kept> embeddings_;
};

/// Seconds of one step, the second of two on a network that is thrown away.
double Trainer::measured_step(Learner& learner) {
  double seconds = 0;
  for (int repetition = 0; repetition < 2; ++repetition) {
    Loader loader(*cohort_.volumes, cohort_.split.train, epoch_options(config_.seeds[0], 1));
    const auto batch = loader.next();
    const auto start = Clock::now();
    step(learner, *batch, {1, config_.train.epochs, 0}, config_.seeds[0], 1);  // at rate 0 it cannot diverge
    seconds = seconds_since(start);
  }
  return seconds;
}

/// What will be done, before it is done.
void Trainer::announce() {
  const auto learner = make_learner(config_.seeds[0]);
  const Index batch = batches_.front();
  fmt::print("{}\n", to_string(learner->summary(batch)));
  if (cohort_.file->synthetic())
    fmt::print(
        "*** SYNTHETIC PHANTOM: these brains are computed, not measured. No figure here says anything of people. "
        "***\n\n");
  const Shape v = cohort_.file->volume_shape();
  fmt::print("cohort      {}: {} subjects, {} x {} x {} voxels of {:g} mm\n", cohort_.file->path(),
             cohort_.file->size(), v[0], v[1], v[2], cohort_.file->voxel_mm());
  fmt::print("split       {} to train, {} to test (fold {} of {}, seed {})\n", cohort_.split.train.size(),
             cohort_.split.test.size(), config_.data.fold, config_.data.folds, config_.data.split_seed);
  fmt::print("loss        {}, {}\n", config_.loss.name,
             config_.loss.formulation == Formulation::paper ? "as printed" : "as in the published code");
  fmt::print("device      {}: {}, activations in {}\n", name_of(backend_->device()), backend_->description(),
             name_of(learner->options().activations));
  fmt::print("parameters  {}\n", learner->parameters().trained_count());
  fmt::print("memory      {}\n", to_string(learner->memory(batch)));
  const double seconds = measured_step(*learner);
  const double share = static_cast<double>(cohort_.split.train.size()) / static_cast<double>(batch);
  fmt::print("time        {:.2f} s a step, {:.1f} s an epoch; {} seed{} of {} epochs: about {}\n", seconds,
             seconds * share, config_.seeds.size(), config_.seeds.size() == 1 ? "" : "s", config_.train.epochs,
             duration(seconds * share * static_cast<double>(config_.train.epochs) *
                      static_cast<double>(config_.seeds.size())));
  fmt::print("results     {}\n\n", options_.out.string());
  std::fflush(stdout);
}

LossResult Trainer::step(Learner& learner, const Batch& batch, const StepTime& time, Index seed, Index number) {
  try {
    return learner.step(batch.volumes, batch.ages, time);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::numbers) throw;
    std::string subjects;
    for (Index i : batch.subjects) subjects += (subjects.empty() ? "" : ", ") + cohort_.file->subject(i).id;
    fail(error.kind(), error.where(),
         fmt::format("{}, at seed {}, epoch {}, step {}, learning rate {:g}; subjects {}", error.found(), seed,
                     time.epoch, number, time.rate, subjects),
         error.fix());
  }
}

/// All steps of an epoch; returns the mean loss over its batches.
double Trainer::run_epoch(Learner& learner, Index seed, Index epoch, Progress& progress, LossMetrics& metrics) {
  Loader loader(*cohort_.volumes, cohort_.split.train, epoch_options(seed, epoch));
  double sum = 0;
  Index steps = 0;
  while (const auto batch = loader.next()) {
    const LossResult result =
        step(learner, *batch, {epoch, config_.train.epochs, schedule().rate(epoch)}, seed, steps + 1);
    sum += result.value;
    if (++steps == 1) metrics = result.metrics;  // of a full batch
    progress.advance(
        1, fmt::format("seed {}, epoch {} of {}, loss {:.3f}", seed, epoch, config_.train.epochs, result.value));
  }
  return sum / static_cast<double>(steps);
}

void Trainer::run_seed(Index seed, Progress& progress) {
  const auto learner = make_learner(seed);
  const auto started = Clock::now();
  Evaluation last;
  double loss = 0;
  for (Index epoch = 1; epoch <= config_.train.epochs; ++epoch) {
    const auto start = Clock::now();
    LossMetrics metrics;
    loss = run_epoch(*learner, seed, epoch, progress, metrics);
    EpochRow row{seed,
                 epoch,
                 loss,
                 schedule().rate(epoch),
                 metrics.neighbours / learner->options().views,
                 seconds_since(start),
                 not_measured};
    const bool final = epoch == config_.train.epochs;
    if (final || (config_.evaluation.every > 0 && epoch % config_.evaluation.every == 0)) {
      last = evaluate(*learner, cohort_, config_.evaluation.features, config_.train.batch_size);
      row.mae = last.metrics.mae;
      progress.say(fmt::format("seed {}, epoch {}: loss {:.4f}, test MAE {:.3f} years", seed, epoch, loss, row.mae));
    }
    recorder_.epoch(row);
    const auto& wanted = config_.evaluation.embeddings_at;
    if (std::find(wanted.begin(), wanted.end(), epoch) != wanted.end()) keep_embeddings(*learner, seed, epoch);
  }
  record_end(*learner, seed, last, loss, seconds_since(started));
}

void Trainer::record_end(Learner& learner, Index seed, const Evaluation& e, double loss, double seconds) {
  std::vector<PredictionRow> rows;
  const auto add = [&](const SubjectFeatures& features, const std::vector<double>& predicted, const char* part) {
    for (std::size_t k = 0; k < predicted.size(); ++k) {
      const Subject& subject = cohort_.file->subject(features.subjects[k]);
      rows.push_back({seed, subject.id, subject.age, predicted[k], part, subject.study});
    }
  };
  add(e.train, e.train_predicted, "train");
  add(e.test, e.test_predicted, "test");
  recorder_.predictions(rows);
  if (results_.empty()) draw(seed, e);
  results_.push_back({seed, e.metrics, e.ridge.model.alpha, loss, seconds});
  const std::string name = config_.seeds.size() == 1 ? "model.h5" : fmt::format("model-seed{}.h5", seed);
  write_model((recorder_.folder() / name).string(), learner);
}

void Trainer::keep_embeddings(Learner& learner, Index seed, Index epoch) {
  std::vector<Index> all(static_cast<std::size_t>(cohort_.file->size()));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Index>(i);
  embeddings_.push_back({seed, epoch, encode(learner, cohort_, all, Features::projected, config_.train.batch_size),
                         encode(learner, cohort_, all, Features::encoder, config_.train.batch_size)});
}

/// The test part of the first seed as a picture.
void Trainer::draw(Index seed, const Evaluation& e) {
  std::vector<std::string> studies;
  for (Index i : e.test.subjects) studies.push_back(cohort_.file->subject(i).study);
  const ScatterText text{fmt::format("{}, seed {}: test MAE {:.2f} years", options_.name, seed, e.metrics.mae),
                         cohort_.file->synthetic() ? "synthetic phantom cohort: computed, not measured" : ""};
  write_atomically(recorder_.folder() / "predictions.svg",
                   scatter_svg(cohort_.ages(e.test.subjects), e.test_predicted, studies, text));
}

void Trainer::write_embeddings() {
  if (embeddings_.empty()) return;
  H5Writer file((recorder_.folder() / "embeddings.h5").string());
  std::vector<std::string> ids;
  std::vector<double> ages;
  for (Index i = 0; i < cohort_.file->size(); ++i) {
    ids.push_back(cohort_.file->subject(i).id);
    ages.push_back(cohort_.file->subject(i).age);
  }
  file.strings("participant_id", ids);
  file.numbers("age", {cohort_.file->size()}, ages);
  for (const Kept& kept : embeddings_) {
    const std::string group = fmt::format("seed{}/epoch{}/", kept.seed, kept.epoch);
    file.numbers(group + "projected", {cohort_.file->size(), kept.projected.width}, kept.projected.values);
    file.numbers(group + "encoder", {cohort_.file->size(), kept.encoder.width}, kept.encoder.values);
  }
  file.commit();
}

void Trainer::finish() {
  write_embeddings();
  const Metrics mean_age = baseline(cohort_.ages(cohort_.split.train), cohort_.ages(cohort_.split.test));
  recorder_.summary(results_, mean_age, config_digest(config_));
  std::vector<double> maes;
  for (const SeedResult& result : results_) maes.push_back(result.test.mae);
  const MeanSd mae = mean_sd(maes);
  const std::string spread =
      results_.size() > 1 ? fmt::format(" ± {:.3f} (SD over {} seeds)", mae.sd, results_.size()) : "";
  fmt::print(
      "\ntest MAE {:.3f}{} years; r {:.3f}, R² {:.3f}, RMSE {:.3f} (seed {}); predicting the mean age: {:.3f} years\n",
      mae.mean, spread, results_[0].test.r, results_[0].test.r2, results_[0].test.rmse, results_[0].seed, mean_age.mae);
  if (cohort_.file->synthetic())
    fmt::print("*** on a SYNTHETIC PHANTOM cohort: not a replication of the paper's figures ***\n");
  fmt::print("results in {}\n", recorder_.folder().string());
}

}  // namespace

void run_experiment(const Config& config, const RunOptions& options) { Trainer(config, options).run(); }

}  // namespace cg
