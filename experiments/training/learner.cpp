// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/learner.h"

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
           fmt::format("the {} contains NaN or infinity", what),
           "Lower train.learning_rate, or check the volumes of this step.");
  }
  Backend& backend_;
};

std::vector<double> numbers_of(const Tensor& host) {
  HostBackend memory;
  return to_doubles(memory, host);
}

bool are_finite(const Tensor& host) { return HostBackend().all_finite(host); }

/// The encoded rows, once for each view that they stand for.
std::vector<double> repeated(const std::vector<double>& rows, Index copies) {
  std::vector<double> all;
  for (Index copy = 0; copy < copies; ++copy) all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

/// The loss's gradient of the encoded rows: equal views were encoded once, so their gradients add.
void write_gradient_of_rows(const LossResult& result, Tensor& host) {
  std::vector<double> sums(static_cast<std::size_t>(host.spec().count()), 0.0);
  for (std::size_t k = 0; k < result.gradient.size(); ++k) sums[k % sums.size()] += result.gradient[k];
  HostBackend memory;
  from_doubles(memory, sums, host);
}

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
  Index bytes = 0, volumes = 0;
  const auto need = [&](Index subjects, bool training) {
    bytes = std::max(bytes, plan(subjects, training).arena_bytes());
    volumes = std::max(volumes, volumes_of(subjects, training).size_bytes());
  };
  for (Index b : training_batches) need(b, true);
  for (Index b : evaluation_batches) need(b, false);
  grow(arena_, bytes);
  if (backend_.traits().has_own_memory) grow(volumes_, volumes);
}

void Learner::grow(Tensor& memory, Index bytes) {
  if (memory && memory.spec().size_bytes() >= bytes) return;
  batches_.clear();  // they know where it was
  memory = {};       // before the larger one is asked for
  memory = backend_.tensor({{bytes}, DType::u8});
}

Spec Learner::volumes_of(Index subjects, bool training) const {
  return options_.batch_spec(subjects, training ? options_.encoded_views : 1);
}

std::vector<LayerSummary> Learner::summary(Index subjects) {
  MetaBackend meta;
  Tape tape(meta, registry_);
  Context ctx(tape, true);
  network_.forward(ctx, constant(meta.tensor(options_.batch_spec(subjects, options_.encoded_views))));
  return layer_summaries(tape);
}

void Learner::observe(TapeObserver* observer) {
  observer_ = observer;
  batches_.clear();
}

/// The plan, the buffers and the captured graphs for all batches of one size and mode. The memory is the same each
/// time, so that a device can launch the graph it captured before. The loss is computed between `forward` and
/// `backward`.
struct Learner::PlannedBatch {
  /// A result on the device, and its copy in host memory.
  struct Result {
    Tensor device, host;
  };

  bool training;
  const MemoryPlan* plan;  ///< none: memory is allocated as it goes
  TapeObserver* observer;
  Spec volumes;
  std::unique_ptr<CapturedGraph> forward_graph, backward_graph;
  std::optional<Tape> tape = {};  ///< of the batch whose backward is to come
  Network::Outputs out = {};      ///< on that tape
  Result features = {};           ///< in evaluation
  Result embeddings = {}, loss_input = {};
  Result gradient = {};  ///< dL/d loss_input

  void drop_tape() {
    out = {};  // before the tape that it refers to
    tape.reset();
  }
};

Learner::~Learner() = default;

Learner::PlannedBatch& Learner::planned_batch(Index subjects, bool training) {
  std::unique_ptr<PlannedBatch>& kept = batches_[{subjects, training}];
  if (kept) return *kept;
  const auto graph = [&] { return observer_ ? std::make_unique<CapturedGraph>() : backend_.captured_graph(); };
  kept = std::make_unique<PlannedBatch>(training, &plan(subjects, training), observer_, volumes_of(subjects, training),
                                        graph(), graph());
  return *kept;
}

/// The input of a batch: the same memory for each batch of its size.
Tensor Learner::input_of(const PlannedBatch& batch, std::span<const Tensor> volumes) {
  if (concatenated(volumes) != batch.volumes)
    fail(ErrorKind::usage, "Learner",
         fmt::format("volumes are {} {}, expected {} {}", name_of(concatenated(volumes).dtype),
                     to_string(concatenated(volumes).shape), name_of(batch.volumes.dtype),
                     to_string(batch.volumes.shape)),
         "Convert the volumes to LearnerOptions::batch_spec.");
  Tensor place = volumes_ ? volumes_.part(batch.volumes, 0) : Tensor();
  return backend_.concatenate(volumes, place);
}

/// From volumes to results in host memory, as work of a graph.
std::function<void()> Learner::forward_work(PlannedBatch& batch, const Tensor& input) {
  return [this, &batch, input] {
    batch.tape.emplace(backend_, registry_, batch.plan, batch.plan ? arena_ : Tensor());
    batch.tape->observe(batch.observer);
    Context ctx(*batch.tape, batch.training, batch.training ? options_.views / options_.encoded_views : 1);
    batch.out = network_.forward(ctx, constant(input));
    const auto fetch = [&](const Variable& out, PlannedBatch::Result& result) {
      result.device = out.value;
      if (!result.host) result.host = backend_.host_tensor(out.spec());
      backend_.to_host(result.device, result.host);
    };
    fetch(batch.out.embeddings, batch.embeddings);
    if (!batch.training)
      fetch(batch.out.features, batch.features);
    else if (batch.out.loss_input.node == batch.out.embeddings.node)
      batch.loss_input = batch.embeddings;  // the same tensor: it is fetched once
    else
      fetch(batch.out.loss_input, batch.loss_input);
  };
}

void Learner::forward(PlannedBatch& batch, const Tensor& input) {
  batch.forward_graph->run(forward_work(batch, input));
  backend_.synchronize();
}

/// From the loss's gradient to those of the parameters, and what comes after them on the device, as work of a graph.
std::function<void()> Learner::backward_work(PlannedBatch& batch, const std::function<void()>& after) {
  return [this, &batch, after] {
    backend_.to_device(batch.gradient.host, batch.gradient.device);
    batch.tape->backward(batch.out.loss_input, batch.gradient.device);
    after();
  };
}

void Learner::backward(PlannedBatch& batch, const LossResult& result, const std::function<void()>& after) {
  if (!batch.gradient.device) {
    batch.gradient.device = backend_.tensor(batch.loss_input.device.spec());
    batch.gradient.host = backend_.host_tensor(batch.loss_input.device.spec());
  }
  write_gradient_of_rows(result, batch.gradient.host);
  batch.backward_graph->run(backward_work(batch, after));
  batch.drop_tape();
  backend_.synchronize();
}

LossResult Learner::evaluate_loss(const PlannedBatch& batch, std::span<const double> ages,
                                  const StepSchedule& schedule) {
  const Index copies = options_.views / options_.encoded_views;
  const std::vector<double> z = repeated(numbers_of(batch.embeddings.host), copies);
  const std::vector<double> y = repeated({ages.begin(), ages.end()}, options_.views);
  std::vector<double> predictions, queue;
  if (queue_) {
    predictions = repeated(numbers_of(batch.loss_input.host), copies);
    queue = queue_->rows();
  }
  return loss_->evaluate({.z = z,
                          .ages = y,
                          .views = options_.views,
                          .epoch = schedule.epoch,
                          .max_epochs = schedule.max_epochs,
                          .predictions = predictions,
                          .queue = queue,
                          .training = true});
}

/// The first view's embeddings.
std::vector<double> Learner::first_view(const PlannedBatch& batch, Index subjects) const {
  std::vector<double> rows = numbers_of(batch.embeddings.host);
  rows.resize(static_cast<std::size_t>(subjects * options_.model.embedding_width()));
  return rows;
}

LossResult Learner::step(std::span<const Tensor> volumes, std::span<const double> ages, const StepSchedule& schedule,
                         double learning_rate) {
  const auto subjects = static_cast<Index>(ages.size());
  reserve(std::span(&subjects, 1), {});
  PlannedBatch& batch = planned_batch(subjects, true);
  const Tensor input = input_of(batch, volumes);
  const auto update = [this] { adam_.update(store_); };
  batch.forward_graph->prepare(forward_work(batch, input));
  batch.backward_graph->prepare(backward_work(batch, update));
  forward(batch, input);
  if (are_finite(batch.embeddings.host) && are_finite(batch.loss_input.host)) {
    LossResult result = evaluate_loss(batch, ages, schedule);
    if (std::isfinite(result.value)) {
      adam_.prepare(learning_rate);
      backward(batch, result, update);
      if (adam_.finish()) {
        if (queue_) queue_->push(first_view(batch, subjects));
        return result;
      }
    }
  }
  explain_bad_numbers(volumes, ages, schedule);
}

/// Runs the step again, looking at every op's result, until the first bad one.
void Learner::explain_bad_numbers(std::span<const Tensor> volumes, std::span<const double> ages,
                                  const StepSchedule& schedule) {
  batches_.clear();  // what failed may stand between its forward and its backward
  arena_ = {};
  FiniteCheck check(backend_);
  PlannedBatch again{true,
                     nullptr,
                     &check,
                     volumes_of(static_cast<Index>(ages.size()), true),
                     std::make_unique<CapturedGraph>(),
                     std::make_unique<CapturedGraph>()};
  forward(again, input_of(again, volumes));
  const LossResult result = evaluate_loss(again, ages, schedule);
  if (!std::isfinite(result.value))
    fail(ErrorKind::numbers, "loss", fmt::format("the value of the loss is {}", result.value),
         "Lower train.learning_rate.");
  backward(again, result, [] {});
  fail(ErrorKind::numbers, "gradients", "NaN or infinity appeared, but not when the step was repeated",
       "Test the machine's memory: the hardware may be faulty.");
}

Encoded Learner::encode(std::span<const Tensor> volumes) {
  const Index subjects = concatenated(volumes).shape[0];
  reserve({}, std::span(&subjects, 1));
  PlannedBatch& batch = planned_batch(subjects, false);
  forward(batch, input_of(batch, volumes));
  batch.drop_tape();
  return {numbers_of(batch.features.host), numbers_of(batch.embeddings.host)};
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
           fmt::format("\"{}\" should have shape {}, but {}", mine.name, to_string(mine.tensor.shape()),
                       found == saved.end() ? "is missing" : "has shape " + to_string(found->tensor.shape())),
           "Start again with --overwrite");
    from.push_back(&found->tensor);
  }
  for (std::size_t k = 0; k < own.size(); ++k) backend_.to_device(*from[k], own[k].tensor);
  store_.round_values();
  adam_.resume(batches_seen);
}

}  // namespace cg
