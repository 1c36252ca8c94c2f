// SPDX-License-Identifier: Apache-2.0
// The memory of one training step, computed before it runs: the plan of its buffers, and what stays from step to step.
// Every estimate that a program prints comes from here. Read next: autograd/memory_plan.h.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "autograd/memory_plan.h"
#include "experiments/training/network.h"

namespace cg {

/// Bytes of one layer that stay from step to step, padding included.
struct FixedMemory {
  std::string layer;     ///< "encoder.layer2.0.conv1"
  Index parameters = 0;  ///< values, their bfloat16 copy if one is kept, the running statistics of batch norm
  Index gradients = 0;
  Index adam = 0;  ///< both moments
  Index total() const { return parameters + gradients + adam; }
};

/// Layers in the network's order. Their sums are the bytes of the store's buffers and of Adam's.
std::vector<FixedMemory> fixed_memory(const ParameterStore& store);

/// The device memory of training during a step.
struct StepMemory {
  Index subjects = 0;
  Index volumes = 0;  ///< bytes of the batch as it is passed to the network
  MemoryPlan plan;
  std::vector<FixedMemory> fixed;

  FixedMemory fixed_sum() const;  ///< over the layers
  Index total() const { return plan.arena_bytes() + fixed_sum().total() + volumes; }
};

/// "1182.5 MB for a step of 32 (…), …": the line before a run.
std::string to_string(const StepMemory& memory);

/// A number of bytes in MB (10⁶ bytes) with one decimal: "1182.5".
std::string megabytes(Index bytes);

/// The plan of a step for a batch, from shapes alone. The parameters of `network` are connected to a store, which may
/// have no memory. The kernels of the device `target` give their workspace sizes.
MemoryPlan plan_step(Network& network, const LearnerOptions& options, Index subjects, bool training,
                     const Registry& registry, Backend& target);

/// The memory of a training step with this number of subjects, by its plan.
StepMemory step_memory(const LearnerOptions& options, const ParameterStore& store, Index subjects, MemoryPlan plan);

/// A network without memory, from which the training steps of any batch are planned.
class StepPlanner {
 public:
  StepPlanner(const LearnerOptions& options, Backend& target, const Registry& registry = Registry::standard());

  StepMemory memory(Index subjects);

  /// The largest batch of at least 2 and at most `most` subjects whose memory `fits`; 0 if there is none.
  Index largest_batch(Index most, const std::function<bool(const StepMemory&)>& fits);

 private:
  LearnerOptions options_;
  Backend& target_;
  const Registry& registry_;
  MetaBackend meta_;
  Network network_;
  ParameterStore store_;
};

}  // namespace cg
