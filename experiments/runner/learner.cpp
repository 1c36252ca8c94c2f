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

}  // namespace

Learner::Learner(Backend& backend, const LearnerOptions& options, std::unique_ptr<Loss> loss, const Registry& registry)
    : backend_(backend),
      options_(options),
      registry_(registry),
      loss_(std::move(loss)),
      model_(options.model),
      store_(backend, options.parameters, model_.parameters(),
             options.activations == DType::bf16 && backend.reads_bfloat16_copies()),
      adam_(store_, options.adam, registry) {
  store_.initialise(options.seed);
}

Spec Learner::batch_spec(Index subjects, Index views) const {
  const Triple& v = options_.volume;
  return {{subjects * views, v[0], v[1], v[2], options_.model.channels}, options_.parameters};
}

Index Learner::fixed_bytes() const {
  const Index copy = store_.bfloat16_copy() ? store_.bfloat16_copy().spec().bytes() : 0;
  return 4 * store_.values().spec().bytes() + store_.statistics().spec().bytes() + copy;
}

const MemoryPlan& Learner::plan(Index subjects, bool training) {
  const auto found = plans_.find({subjects, training});
  if (found != plans_.end()) return found->second;
  MetaBackend meta;
  Tape tape(meta, registry_);
  const Index views = training ? options_.encoded_views : 1;
  Context ctx(tape, training, training ? options_.views / options_.encoded_views : 1);
  const Tensor volumes = meta.tensor(batch_spec(subjects, views));
  const Model::Result out = model_.forward(ctx, constant(volumes), options_.activations);
  std::vector<Variable> results = {out.embeddings};
  if (!training) results.push_back(out.features);
  return plans_[{subjects, training}] = MemoryPlan(tape, results, training, registry_, backend_);
}

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
  model_.forward(ctx, constant(meta.tensor(batch_spec(subjects, options_.encoded_views))), options_.activations);
  return summarise(tape);
}

/// One recorded forward pass.
struct Learner::Pass {
  Tape tape;
  Model::Result out;

  Pass(Learner& learner, const Tensor& volumes, bool training, const MemoryPlan* plan, TapeObserver* observer = nullptr)
      : tape(learner.backend_, learner.registry_, plan, plan ? learner.arena_ : Tensor()) {
    tape.observe(observer);
    const LearnerOptions& o = learner.options_;
    Context ctx(tape, training, training ? o.views / o.encoded_views : 1);
    out = learner.model_.forward(ctx, constant(learner.backend_.from_host(volumes)), o.activations);
  }
};

LossResult Learner::evaluate_loss(const Tensor& embeddings, std::span<const double> ages, const StepTime& time) {
  const Index copies = options_.views / options_.encoded_views;
  const std::vector<double> encoded = to_doubles(backend_, embeddings);
  std::vector<double> z, y;
  for (Index copy = 0; copy < copies; ++copy) z.insert(z.end(), encoded.begin(), encoded.end());
  for (Index view = 0; view < options_.views; ++view) y.insert(y.end(), ages.begin(), ages.end());
  return loss_->evaluate(
      {.z = z, .ages = y, .views = options_.views, .epoch = time.epoch, .max_epochs = time.max_epochs});
}

/// dL/dz of the encoded rows: equal views were encoded once, so their gradients add.
Tensor Learner::embedding_gradient(const LossResult& result, const Spec& spec) {
  std::vector<double> sums(static_cast<std::size_t>(spec.count()), 0.0);
  for (std::size_t k = 0; k < result.gradient.size(); ++k) sums[k % sums.size()] += result.gradient[k];
  Tensor gradient = backend_.tensor(spec);
  from_doubles(backend_, sums, gradient);
  return gradient;
}

LossResult Learner::step(const Tensor& volumes, std::span<const double> ages, const StepTime& time) {
  const auto subjects = static_cast<Index>(ages.size());
  reserve(std::span(&subjects, 1), {});
  {
    Pass pass(*this, volumes, true, &plan(subjects, true), observer_);
    if (backend_.all_finite(pass.out.embeddings.value)) {
      LossResult result = evaluate_loss(pass.out.embeddings.value, ages, time);
      if (std::isfinite(result.value)) {
        pass.tape.backward(pass.out.embeddings, embedding_gradient(result, pass.out.embeddings.spec()));
        if (backend_.all_finite(store_.gradients())) {
          adam_.step(store_, time.rate);
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
  const LossResult result = evaluate_loss(pass.out.embeddings.value, ages, time);
  if (!std::isfinite(result.value)) fail(ErrorKind::numbers, "loss", fmt::format("its value is {}", result.value));
  pass.tape.backward(pass.out.embeddings, embedding_gradient(result, pass.out.embeddings.spec()));
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
  return {{"values", store_.values()},
          {"statistics", store_.statistics()},
          {"first_moment", adam_.first_moment()},
          {"second_moment", adam_.second_moment()}};
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
