#include "experiments/runner/learner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tensor/error.h"

namespace cg {
namespace {

/// Stops at the first op whose result is not finite, naming its layer.
class FiniteCheck : public TapeObserver {
 public:
  explicit FiniteCheck(Backend& backend) : backend_(backend) {}
  void after_forward(const Node& node, const Tensor& output) override { check(node, output, "output"); }
  void after_backward(const Node& node, const Call& call) override {
    for (const Tensor& gradient : call.grad_in)
      if (gradient) check(node, gradient, "gradient");
  }

 private:
  void check(const Node& node, const Tensor& tensor, const char* what) {
    if (!backend_.all_finite(tensor))
      fail(ErrorKind::numbers, fmt::format("{} ({})", node.scope, node.op.name),
           fmt::format("its {} holds NaN or infinity", what),
           "Lower train.learning_rate, or look at the step's volumes.");
  }
  Backend& backend_;
};

LearnerOptions with_queue(LearnerOptions options, const Loss& loss) {
  options.queue_size = loss.queue_size();
  return options;
}

}  // namespace

Learner::Learner(Backend& backend, const LearnerOptions& options, std::unique_ptr<Loss> loss, const Registry& registry)
    : backend_(backend),
      options_(with_queue(options, *loss)),
      registry_(registry),
      loss_(std::move(loss)),
      network_(options_),
      store_(backend, options.parameters, network_.parameters(), options.reads_bfloat16_copies(backend)),
      adam_(store_, options.adam, registry) {
  store_.initialise(options.seed);
  if (options_.queue_size > 0)
    queue_.emplace(backend, Spec{{options_.queue_size, options.model.embedding_width()}, options.parameters},
                   options.seed);
}

const MemoryPlan& Learner::plan(Index subjects, bool training) {
  const auto found = plans_.find({subjects, training});
  if (found != plans_.end()) return found->second;
  return plans_[{subjects, training}] = plan_step(network_, options_, subjects, training, registry_, backend_);
}

StepMemory Learner::memory(Index subjects) { return step_memory(options_, store_, subjects, plan(subjects, true)); }

void Learner::reserve(std::span<const Index> training_batches, std::span<const Index> evaluation_batches) {
  Index bytes = 0;
  for (Index b : training_batches) bytes = std::max(bytes, plan(b, true).arena_bytes());
  for (Index b : evaluation_batches) bytes = std::max(bytes, plan(b, false).arena_bytes());
  if (arena_ && arena_.spec().bytes() >= bytes) return;
  arena_ = {};  // before the larger one is asked for
  arena_ = backend_.tensor({{bytes}, DType::u8});
}

std::vector<LayerSummary> Learner::summary(Index subjects) {
  MetaBackend meta;
  Tape tape(meta, registry_);
  Context ctx(tape, true);
  network_.forward(ctx, constant(meta.tensor(options_.batch_spec(subjects, options_.encoded_views))));
  return summarise(tape);
}

/// One recorded forward pass.
struct Learner::Pass {
  Tape tape;
  Network::Outputs out;

  Pass(Learner& learner, const Tensor& volumes, bool training, const MemoryPlan* plan, TapeObserver* observer = nullptr)
      : tape(learner.backend_, learner.registry_, plan, plan ? learner.arena_ : Tensor()) {
    tape.observe(observer);
    const LearnerOptions& o = learner.options_;
    Context ctx(tape, training, training ? o.views / o.encoded_views : 1);
    out = learner.network_.forward(ctx, constant(learner.backend_.from_host(volumes)));
  }
};

/// The encoded rows [encoded views · b, d], once for each view that they stand for.
std::vector<double> Learner::in_all_views(const Tensor& rows) {
  const std::vector<double> encoded = to_doubles(backend_, rows);
  std::vector<double> all;
  for (Index copy = 0; copy < options_.views / options_.encoded_views; ++copy)
    all.insert(all.end(), encoded.begin(), encoded.end());
  return all;
}

LossResult Learner::evaluate_loss(const Network::Outputs& out, std::span<const double> ages, const StepTime& time) {
  const std::vector<double> z = in_all_views(out.embeddings.value);
  std::vector<double> y, predictions, queue;
  for (Index view = 0; view < options_.views; ++view) y.insert(y.end(), ages.begin(), ages.end());
  if (queue_) {
    predictions = in_all_views(out.loss_input.value);
    queue = queue_->rows();
  }
  return loss_->evaluate({.z = z,
                          .ages = y,
                          .views = options_.views,
                          .epoch = time.epoch,
                          .max_epochs = time.max_epochs,
                          .predictions = predictions,
                          .queue = queue,
                          .training = true});
}

/// The loss's gradient of the encoded rows: equal views were encoded once, so their gradients add.
Tensor Learner::gradient_of_rows(const LossResult& result, const Spec& spec) {
  std::vector<double> sums(static_cast<std::size_t>(spec.count()), 0.0);
  for (std::size_t k = 0; k < result.gradient.size(); ++k) sums[k % sums.size()] += result.gradient[k];
  Tensor gradient = backend_.tensor(spec);
  from_doubles(backend_, sums, gradient);
  return gradient;
}

/// The first view's embeddings, where there is a queue to take them.
std::vector<double> Learner::for_queue(const Network::Outputs& out, Index subjects) {
  if (!queue_) return {};
  std::vector<double> rows = to_doubles(backend_, out.embeddings.value);
  rows.resize(static_cast<std::size_t>(subjects * options_.model.embedding_width()));
  return rows;
}

LossResult Learner::step(const Tensor& volumes, std::span<const double> ages, const StepTime& time) {
  const auto subjects = static_cast<Index>(ages.size());
  reserve(std::span(&subjects, 1), {});
  {
    Pass pass(*this, volumes, true, &plan(subjects, true), observer_);
    const Variable& x = pass.out.loss_input;
    if (backend_.all_finite(pass.out.embeddings.value) && backend_.all_finite(x.value)) {
      LossResult result = evaluate_loss(pass.out, ages, time);
      if (std::isfinite(result.value)) {
        const std::vector<double> first_view = for_queue(pass.out, subjects);  // its memory is about to be used again
        pass.tape.backward(x, gradient_of_rows(result, x.spec()));
        if (backend_.all_finite(store_.gradients())) {
          adam_.step(store_, time.rate);
          if (queue_) queue_->push(first_view);
          return result;
        }
      }
    }
  }
  explain_bad_numbers(volumes, ages, time);
}

/// Runs the step again, looking at every op's result, until the first bad one.
void Learner::explain_bad_numbers(const Tensor& volumes, std::span<const double> ages, const StepTime& time) {
  FiniteCheck check(backend_);
  Pass pass(*this, volumes, true, nullptr, &check);
  const LossResult result = evaluate_loss(pass.out, ages, time);
  if (!std::isfinite(result.value)) fail(ErrorKind::numbers, "loss", fmt::format("its value is {}", result.value));
  pass.tape.backward(pass.out.loss_input, gradient_of_rows(result, pass.out.loss_input.spec()));
  fail(ErrorKind::numbers, "gradients", "NaN or infinity appeared, and did not when the step was repeated",
       "Check the machine's memory.");
}

Encoded Learner::encode(const Tensor& volumes) {
  const Index subjects = volumes.shape()[0];
  reserve({}, std::span(&subjects, 1));
  Pass pass(*this, volumes, false, &plan(subjects, false));
  return {to_doubles(backend_, pass.out.features.value), to_doubles(backend_, pass.out.embeddings.value)};
}

std::vector<NamedTensor> Learner::state() const {
  std::vector<NamedTensor> all = {{"values", store_.values()},
                                  {"statistics", store_.statistics()},
                                  {"first_moment", adam_.first_moment()},
                                  {"second_moment", adam_.second_moment()}};
  if (queue_) all.push_back({"queue", queue_->tensor()});
  return all;
}

void Learner::resume(std::span<const NamedTensor> saved, Index batches_seen) {
  std::vector<NamedTensor> own = state();
  std::vector<const Tensor*> from;
  for (const NamedTensor& mine : own) {
    const auto found = std::find_if(saved.begin(), saved.end(), [&](const auto& t) { return t.name == mine.name; });
    if (found == saved.end() || found->tensor.spec() != mine.tensor.spec())
      fail(ErrorKind::corrupt, "checkpoint",
           fmt::format("\"{}\" of shape {} is {}", mine.name, to_string(mine.tensor.shape()),
                       found == saved.end() ? "missing" : "of shape " + to_string(found->tensor.shape())),
           "Start anew with --overwrite");
    from.push_back(&found->tensor);
  }
  for (std::size_t k = 0; k < own.size(); ++k) backend_.to_device(*from[k], own[k].tensor);
  store_.round_values();
  adam_.resume(batches_seen);
}

}  // namespace cg
