// SPDX-License-Identifier: Apache-2.0
// The network and everything that a training step needs: parameters, optimiser, loss, and memory that is planned before
// the first step. Read next: network.h, step_memory.h, autograd/tape.h.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "experiments/training/queue.h"
#include "experiments/training/step_memory.h"
#include "losses/loss.h"

namespace cg {

/// Where a step is in the training, for losses that change from epoch to epoch.
struct StepSchedule {
  Index epoch = 1;  ///< from 1
  Index max_epochs = 50;
};

/// Features of volumes in evaluation mode, row-major.
struct Encoded {
  std::vector<double> features;    ///< [n, 8 · width]
  std::vector<double> embeddings;  ///< [n, embedding]
};

/// A tensor of a learner's state by its name in a checkpoint.
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

class Learner {
 public:
  Learner(Backend& backend, const LearnerOptions& options, std::unique_ptr<Loss> loss,
          const Registry& registry = Registry::standard());
  ~Learner();

  /// Plans and allocates the memory for training batches and evaluation batches of these sizes (subjects).
  /// Errors: memory, if the arena cannot be allocated.
  void reserve(std::span<const Index> training_batches, std::span<const Index> evaluation_batches);

  /// One step: forward, loss, backward, update. `volumes`: tensors that concatenate to [encoded views · b, D, H, W,
  /// channels], on the host or the device; `ages` [b]. Errors: numbers, naming the first layer whose result is not
  /// finite; the parameters are then unchanged.
  LossResult step(std::span<const Tensor> volumes, std::span<const double> ages, const StepSchedule& schedule,
                  double learning_rate);
  LossResult step(const Tensor& volumes, std::span<const double> ages, const StepSchedule& schedule,
                  double learning_rate) {
    return step(std::span(&volumes, 1), ages, schedule, learning_rate);
  }

  /// Forward in evaluation mode. `volumes`: tensors that concatenate to [b, D, H, W, channels].
  Encoded encode(std::span<const Tensor> volumes);
  Encoded encode(const Tensor& volumes) { return encode(std::span(&volumes, 1)); }

  /// Everything that steps change, except their number `batches_seen`: values, statistics, both moments, NNCLR's queue.
  /// The tensors share the learner's memory on its device.
  std::vector<NamedTensor> state() const;
  /// Continues from the state of another learner with the same options after `batches_seen` steps; host tensors.
  /// Errors: corrupt, if a tensor is missing or has another size; nothing is then changed.
  void resume(std::span<const NamedTensor> state, Index batches_seen);

  /// Calls `observer` for every kernel of later steps; null: no observer. Observed steps are not captured in graphs.
  void observe(TapeObserver* observer);

  ParameterStore& parameters() { return store_; }
  Model& model() { return network_.model(); }
  const std::optional<EmbeddingQueue>& queue() const { return queue_; }
  const LearnerOptions& options() const { return options_; }
  Index batches_seen() const { return adam_.steps(); }
  Index arena_bytes() const { return arena_ ? arena_.spec().size_bytes() : 0; }
  /// The memory of a training step with this number of subjects.
  StepMemory memory(Index subjects);
  /// The plan for a batch; created on first use.
  const MemoryPlan& plan(Index subjects, bool training);
  /// Every layer for a batch of this number of subjects, without computing.
  std::vector<LayerSummary> summary(Index subjects);

 private:
  struct PlannedBatch;
  void grow(Tensor& memory, Index bytes);
  Spec volumes_of(Index subjects, bool training) const;
  PlannedBatch& planned_batch(Index subjects, bool training);
  Tensor input_of(const PlannedBatch& batch, std::span<const Tensor> volumes);
  std::function<void()> forward_work(PlannedBatch& batch, const Tensor& input);
  std::function<void()> backward_work(PlannedBatch& batch, const std::function<void()>& after);
  void forward(PlannedBatch& batch, const Tensor& input);
  void backward(PlannedBatch& batch, const LossResult& result, const std::function<void()>& after);
  LossResult evaluate_loss(const PlannedBatch& batch, std::span<const double> ages, const StepSchedule& schedule);
  std::vector<double> first_view(const PlannedBatch& batch, Index subjects) const;
  [[noreturn]] void explain_bad_numbers(std::span<const Tensor> volumes, std::span<const double> ages,
                                        const StepSchedule& schedule);

  Backend& backend_;
  LearnerOptions options_;
  const Registry& registry_;
  std::unique_ptr<Loss> loss_;
  Network network_;
  std::optional<EmbeddingQueue> queue_;  // for a loss that wants one
  ParameterStore store_;
  Adam adam_;
  std::map<std::pair<Index, bool>, MemoryPlan> plans_;  // by subjects and mode
  Tensor arena_;
  Tensor volumes_;  // of a batch, where the device has memory of its own
  std::map<std::pair<Index, bool>, std::unique_ptr<PlannedBatch>> batches_;  // as plans_; they use both
  TapeObserver* observer_ = nullptr;
};

}  // namespace cg
