#include "experiments/runner/trainer.h"

#include <fmt/format.h>
#include <omp.h>
#include <string.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "data/files/storage.h"
#include "experiments/program/environment.h"
#include "experiments/program/progress.h"
#include "experiments/record/checkpoint.h"
#include "experiments/record/model_file.h"
#include "experiments/record/recorder.h"
#include "experiments/record/results.h"
#include "experiments/runner/announcement.h"
#include "experiments/training/cohort.h"
#include "experiments/training/evaluation.h"
#include "experiments/training/learner.h"
#include "experiments/training/memory_check.h"
#include "experiments/training/pretrained.h"
#include "experiments/training/setup.h"
#include "losses/registry.h"
#include "optim/schedule.h"
#include "tensor/error.h"

namespace cg {
namespace {

using Clock = std::chrono::steady_clock;

/// A checkpoint is saved at an epoch's end once this many times the last one's seconds have passed: saving takes at
/// most 2 % of the time, and a killed run loses little more than an epoch.
constexpr double work_over_saving = 50;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The configuration, its cohort file found to be sound before a run folder is made for it.
const Config& checked(const Config& config) {
  if (!config.data.cohort.empty()) CohortFile(config.data.cohort);
  return config;
}

std::optional<Pretrained> first_weights(const Config& config) {
  if (config.pretrained.weights.empty()) return std::nullopt;
  return read_pretrained(config.pretrained, config.model);
}

/// The sizes of an epoch's batches.
std::vector<Index> checked_batches(const Config& config, const Cohort& cohort) {
  const auto subjects = static_cast<Index>(cohort.split.train.size());
  const std::vector<Index> batches = Loader::batch_sizes(subjects, config.train.batch_size);
  if (batches.back() == 1)
    fail(ErrorKind::usage, "train.batch_size",
         "it leaves a last batch of one subject, which has nobody to compare with",
         fmt::format("Choose another size than {} for {} training subjects.", config.train.batch_size, subjects));
  return batches;
}

/// One experiment on its way: what all seeds share, and where it is. Between any two steps `state_` and the learner are
/// all that the rest of the run depends on.
class Trainer {
 public:
  Trainer(const Config& config, const RunOptions& options);
  void run();

 private:
  static void say(const std::string& line) { fmt::print(stderr, "{}\n", line); }

  void resume();
  void train();
  void trial();
  MemoryJob memory_job() const {
    return {planned_, batches_.front(), static_cast<Index>(cohort_.split.train.size()), *backend_};
  }
  std::unique_ptr<Learner> make_learner(Index seed);
  LossResult step(Learner& learner, const Batch& batch, double rate);
  void run_seed(Progress& progress);
  void run_epoch(Progress& progress);
  void end_epoch(Progress& progress);
  void end_seed(const Evaluation& evaluation, double loss);
  Prediction prediction(const Evaluation& evaluation);
  void finish();
  void save();
  void stop_if_asked(Progress& progress);

  bool done() const { return state_.seed == static_cast<Index>(config_.seeds.size()); }
  Index seed() const { return config_.seeds[static_cast<std::size_t>(state_.seed)]; }
  Index steps_an_epoch() const { return static_cast<Index>(batches_.size()); }
  Index all_steps() const { return static_cast<Index>(config_.seeds.size()) * config_.train.epochs * steps_an_epoch(); }
  Index steps_done() const {
    return (state_.seed * config_.train.epochs + state_.epoch - 1) * steps_an_epoch() + state_.step;
  }
  std::string position() const;
  std::string weights_digest() const { return pretrained_ ? pretrained_->digest : ""; }
  /// Without an augmentation both views are equal, and encoded once.
  LoaderOptions epoch_options() const {
    return {.batch_size = config_.train.batch_size,
            .order = config_.train.order,
            .seed = static_cast<std::uint64_t>(seed()),
            .epoch = state_.epoch,
            .first_batch = state_.step,
            .views = encoded_views(config_),
            .augment = make_augment(config_.data.augment, cohort_.file->grid()),
            .threads = backend_->traits().has_own_memory ? omp_get_max_threads() : 1};
  }
  PredictorOptions predictor_options() const {
    const EvaluationOptions& o = config_.evaluation;
    return {o.predictor, o.huber_delta, o.penalty, static_cast<std::uint64_t>(seed())};
  }
  double rate() const {
    const auto& t = config_.train;
    return Schedule{t.learning_rate, t.decay_factor, t.decay_every}.rate(state_.epoch);
  }

  Config config_;
  RunOptions options_;
  std::unique_ptr<Backend> backend_;  // before the run folder, as all that can be found wrong: it leaves none
  Cohort cohort_;
  std::vector<Index> batches_;
  LearnerOptions planned_;  // of the first seed; what memory is asked for follows from them
  Index spare_;             // bytes of the device's memory that training leaves
  std::optional<Pretrained> pretrained_;
  Recorder recorder_;
  std::string setting_;  // as in a checkpoint
  RunState state_;
  std::optional<Checkpoint> saved_;  // until its learner is made
  std::unique_ptr<Learner> learner_;
  std::optional<TrainingPart> training_part_;  // the same for all seeds; made when the first model is written
  Clock::time_point saved_at_ = Clock::now();
  double save_seconds_ = 0;
};

Trainer::Trainer(const Config& config, const RunOptions& options)
    : config_(checked(config)),
      options_(options),
      backend_(choose_backend(options.device)),
      cohort_(open_cohort(config.data, say)),
      batches_(checked_batches(config, cohort_)),
      planned_(learner_options(config, cohort_.file->volume_shape(), *backend_, config.seeds[0])),
      spare_(require_memory(memory_job())),
      pretrained_(first_weights(config)),
      recorder_(options.out, resolved_config(config), options.overwrite) {
  if (recorder_.resumable()) saved_ = read_checkpoint(recorder_.checkpoint());
  setting_ = fmt::format("{}: {}, activations in {}", name_of(backend_->device()), backend_->traits().description,
                         name_of(activations(config, *backend_)));
  if (saved_)
    resume();
  else
    state_.logs = recorder_.sizes();
  recorder_.environment(environment_json(options.command, backend_->traits().description, omp_get_max_threads()));
}

/// Takes over where the run was saved; its learner follows when it is made.
void Trainer::resume() {
  const std::string where = recorder_.checkpoint().string();
  if (saved_->config_digest != config_digest(config_))
    fail(ErrorKind::in_use, where, "it belongs to a run of another configuration",
         "Remove it, or start anew with --overwrite");
  if (saved_->cohort_digest != cohort_.digest())
    fail(ErrorKind::data, where, "the cohort has changed since it was saved",
         "Bring the cohort back as it was, or start anew with --overwrite");
  if (saved_->weights_digest != weights_digest())
    fail(ErrorKind::data, where, "the weights to start from have changed since it was saved",
         "Bring the weights back as they were, or start anew with --overwrite");
  if (saved_->setting != setting_)
    say(fmt::format("warning: this run was begun on {}, and goes on on {}: its figures will be of neither alone",
                    saved_->setting, setting_));
  recorder_.rewind(saved_->run.logs);
  state_ = std::move(saved_->run);
  ++state_.resumed;
}

void Trainer::run() {
  try {
    train();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::memory) throw;
    learner_.reset();
    cohort_.leave_device();
    name_batch_that_fits(error, memory_job());
  }
}

void Trainer::train() {
  // Volumes that are augmented change with every epoch.
  if (config_.data.augment.apply.empty()) cohort_.keep_on(*backend_, planned_.activations, spare_);
  trial();
  const StopSignals signals;
  Progress progress(all_steps(), standard_error());
  progress.skip(steps_done());
  while (!done()) run_seed(progress);
  progress.finish();
  finish();
}

/// Measures a step, the last of a few on a network that is thrown away, and says what will be done.
void Trainer::trial() {
  const auto learner = make_learner(seed());
  LoaderOptions options = epoch_options();
  options.first_batch = 0;
  double seconds = 0;
  for (int repetition = 0; repetition <= backend_->traits().warm_up_steps; ++repetition) {
    DeviceLoader loader = cohort_.batches(*backend_, cohort_.split.train, options);
    const auto batch = loader.next();
    const auto start = Clock::now();
    step(*learner, *batch, 0);  // at rate 0 it cannot diverge
    seconds = seconds_since(start);
  }
  const double left = 1 - static_cast<double>(steps_done()) / static_cast<double>(all_steps());
  announce(config_, options_, cohort_, *backend_, *learner, seconds, left, saved_ ? position() : "");
  if (pretrained_) fmt::print("{}\n\n", to_string(*pretrained_));
}

std::unique_ptr<Learner> Trainer::make_learner(Index seed) {
  LearnerOptions o = learner_options(config_, cohort_.file->volume_shape(), *backend_, seed);
  o.rounded_volumes = cohort_.on_device.has_value();
  auto learner = std::make_unique<Learner>(*backend_, o, make_loss(config_.loss));
  if (pretrained_) start_from(*pretrained_, learner->parameters());
  const std::vector<Index> evaluated = {batches_.front()};
  learner->reserve(batches_, evaluated);
  return learner;
}

/// The step, or the evaluation, that comes next.
std::string Trainer::position() const {
  return fmt::format("seed {}, epoch {}, {}", seed(), state_.epoch,
                     state_.step < steps_an_epoch() ? fmt::format("step {}", state_.step + 1) : "evaluation");
}

LossResult Trainer::step(Learner& learner, const Batch& batch, double rate) {
  try {
    return learner.step(batch.volumes, batch.ages, {state_.epoch, config_.train.epochs}, rate);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::numbers) throw;
    std::string subjects;
    for (Index i : batch.subjects) subjects += (subjects.empty() ? "" : ", ") + cohort_.file->subject(i).id;
    fail(error.kind(), error.where(),
         fmt::format("{}, at {}, learning rate {:g}; subjects {}", error.found(), position(), rate, subjects),
         error.fix());
  }
}

void Trainer::save() {
  const auto start = Clock::now();
  Checkpoint c{config_digest(config_), cohort_.digest(), weights_digest(), setting_, state_, 0, {}};
  if (!state_.fresh()) {
    c.batches_seen = learner_->batches_seen();
    c.learner = learner_->state();
  }
  write_checkpoint(recorder_.checkpoint(), c, *backend_);
  saved_at_ = Clock::now();
  save_seconds_ = seconds_since(start);
}

void Trainer::stop_if_asked(Progress& progress) {
  const int signal = options_.stop();
  if (signal == 0) return;
  save();
  progress.finish();
  fail(ErrorKind::interrupted, fmt::format("SIG{} before {}", sigabbrev_np(signal), position()),
       "saved in " + recorder_.checkpoint().string(), "Give the same command again to go on");
}

void Trainer::run_seed(Progress& progress) {
  learner_.reset();  // two would need twice the memory
  learner_ = make_learner(seed());
  if (saved_ && !state_.fresh()) learner_->resume(saved_->learner, saved_->batches_seen);
  saved_.reset();
  for (const Index now = state_.seed; state_.seed == now;) {
    run_epoch(progress);
    end_epoch(progress);
  }
}

/// The steps of an epoch that are left.
void Trainer::run_epoch(Progress& progress) {
  const auto start = Clock::now();
  const double before = state_.epoch_seconds;
  DeviceLoader loader = cohort_.batches(*backend_, cohort_.split.train, epoch_options());
  while (const auto batch = loader.next()) {
    stop_if_asked(progress);
    const LossResult result = step(*learner_, *batch, rate());
    if (state_.step == 0) state_.neighbours = result.metrics.neighbours / learner_->options().views;  // of a full batch
    state_.loss_sum += result.value;
    ++state_.step;
    state_.epoch_seconds = before + seconds_since(start);
    progress.advance(1, fmt::format("seed {}, epoch {} of {}, loss {:.3f}", seed(), state_.epoch, config_.train.epochs,
                                    result.value));
  }
}

/// Evaluates and records the epoch. Whatever can be interrupted comes first: it is then done again from the start.
void Trainer::end_epoch(Progress& progress) {
  const auto start = Clock::now();
  const auto poll = [&] { stop_if_asked(progress); };
  const EvaluationOptions& o = config_.evaluation;
  const Index epoch = state_.epoch;
  const bool last = epoch == config_.train.epochs;
  EpochRow row{seed(),
               epoch,
               state_.loss_sum / static_cast<double>(state_.step),
               rate(),
               state_.neighbours,
               state_.epoch_seconds,
               not_measured};
  Evaluation evaluation;
  const bool measured = last || (o.every > 0 && epoch % o.every == 0);
  const bool kept = std::ranges::find(o.embeddings_at, epoch) != o.embeddings_at.end();
  CohortFeatures features;
  if (measured || kept) features = encode(*learner_, cohort_, batches_.front(), poll);
  if (measured) {
    evaluation = evaluate(features.at(o.features), cohort_, predictor_options());
    row.mae = evaluation.metrics.mae;
    progress.say(
        fmt::format("seed {}, epoch {}: loss {:.4f}, test MAE {:.3f} years", seed(), epoch, row.loss, row.mae));
  }
  if (kept) state_.kept.push_back({seed(), epoch, std::move(features.projected), std::move(features.encoder)});
  recorder_.epoch(row);
  state_.seed_seconds += state_.epoch_seconds + seconds_since(start);
  if (last) end_seed(evaluation, row.loss);
  state_.begin(last, recorder_.sizes());
  if (!done() && seconds_since(saved_at_) >= work_over_saving * save_seconds_) save();
}

void Trainer::end_seed(const Evaluation& e, double loss) {
  recorder_.predictions(prediction_rows(*cohort_.file, seed(), e));
  if (state_.results.empty())
    write_atomically(recorder_.folder() / "predictions.svg",
                     prediction_picture(*cohort_.file, e, fmt::format("{}, seed {}", options_.name, seed())));
  state_.results.push_back({seed(), e.metrics, e.predictor.alpha, loss, state_.seed_seconds});
  const std::string name = config_.seeds.size() == 1 ? "model.h5" : fmt::format("model-seed{}.h5", seed());
  const Prediction held = prediction(e);
  write_model(recorder_.folder() / name, *learner_, &held);
}

/// What the model file holds besides its weights.
Prediction Trainer::prediction(const Evaluation& e) {
  if (!training_part_) training_part_ = describe_training(cohort_);
  const std::vector<double> ages = cohort_.ages(e.train.subjects);
  return {.features = config_.evaluation.features,
          .activations = learner_->options().activations,
          .predictor = e.predictor,
          .bias = fit_age_bias(ages, predict_left_out(predictor_options(), e.train.rows(), ages)),
          .preprocessing = preprocessing_of(cohort_),
          .training = *training_part_};
}

void Trainer::finish() {
  if (!state_.kept.empty()) write_embeddings(recorder_.folder() / "embeddings.h5", *cohort_.file, state_.kept);
  const Metrics mean_age = baseline(cohort_.ages(cohort_.split.train), cohort_.ages(cohort_.split.test));
  recorder_.summary(state_.results, mean_age, {config_digest(config_), weights_digest()}, state_.resumed);
  print_results(state_.results, mean_age, cohort_.file->synthetic());
  fmt::print("results in {}\n", recorder_.folder().string());
}

}  // namespace

void run_experiment(const Config& config, const RunOptions& options) {
  if (config.threads > 0) omp_set_num_threads(static_cast<int>(config.threads));
  Trainer(config, options).run();
}

}  // namespace cg
