// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/step_memory.h"

#include <fmt/format.h>

#include <algorithm>

namespace cg {

std::vector<FixedMemory> fixed_memory(const ParameterStore& store) {
  std::vector<FixedMemory> layers;
  for (const Parameter* p : store.parameters()) {
    const std::string layer = p->name.substr(0, p->name.rfind('.'));
    if (layers.empty() || layers.back().layer != layer) layers.push_back({.layer = layer});
    FixedMemory& fixed = layers.back();
    const Index bytes = store.bytes(*p);
    fixed.parameters += bytes;
    if (!p->trained) continue;
    if (store.bfloat16_copy()) fixed.parameters += bytes / size_of(p->variable.value.dtype()) * size_of(DType::bf16);
    fixed.gradients += bytes;
    fixed.adam += 2 * bytes;
  }
  return layers;
}

FixedMemory StepMemory::fixed_sum() const {
  FixedMemory sum;
  for (const FixedMemory& layer : fixed) {
    sum.parameters += layer.parameters;
    sum.gradients += layer.gradients;
    sum.adam += layer.adam;
  }
  return sum;
}

std::string megabytes(Index bytes) { return fmt::format("{:.1f}", static_cast<double>(bytes) / 1e6); }

std::string to_string(const StepMemory& memory) {
  return fmt::format("{} MB for a step of {} ({} at least), {} for parameters, gradients and Adam, {} for its volumes",
                     megabytes(memory.plan.arena_bytes()), memory.subjects, megabytes(memory.plan.live_bytes()),
                     megabytes(memory.fixed_sum().total()), megabytes(memory.volumes));
}

MemoryPlan plan_step(Network& network, const LearnerOptions& options, Index subjects, bool training,
                     const Registry& registry, Backend& target) {
  MetaBackend meta;
  Tape tape(meta, registry);
  Context ctx(tape, training, training ? options.views / options.encoded_views : 1);
  const Tensor volumes = meta.tensor(options.batch_spec(subjects, training ? options.encoded_views : 1));
  const Network::Outputs out = network.forward(ctx, constant(volumes));
  std::vector<Variable> results = {out.embeddings, out.loss_input};
  if (!training) results.push_back(out.features);
  return MemoryPlan(tape, results, training, registry, target);
}

StepMemory step_memory(const LearnerOptions& options, const ParameterStore& store, Index subjects, MemoryPlan plan) {
  return {.subjects = subjects,
          .volumes = options.batch_spec(subjects, options.encoded_views).size_bytes(),
          .plan = std::move(plan),
          .fixed = fixed_memory(store)};
}

StepPlanner::StepPlanner(const LearnerOptions& options, Backend& target, const Registry& registry)
    : options_(options),
      target_(target),
      registry_(registry),
      network_(options),
      store_(meta_, options.parameters, network_.parameters(), options.reads_bfloat16_copies(target)) {}

StepMemory StepPlanner::memory(Index subjects) {
  return step_memory(options_, store_, subjects, plan_step(network_, options_, subjects, true, registry_, target_));
}

Index StepPlanner::largest_batch(Index most, const std::function<bool(const StepMemory&)>& fits) {
  const auto good_at = [&](Index subjects) { return fits(memory(subjects)); };
  if (!good_at(2)) return 0;
  Index good = 2, bad = 4;
  for (; bad <= most && good_at(bad); bad *= 2) good = bad;
  bad = std::min(bad, most + 1);
  while (bad - good > 1) {
    const Index middle = good + (bad - good) / 2;
    (good_at(middle) ? good : bad) = middle;
  }
  return good;
}

}  // namespace cg
