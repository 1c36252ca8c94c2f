// SPDX-License-Identifier: Apache-2.0
#include "experiments/memory/memory_profile.h"

#include <fmt/format.h>

#include <algorithm>

namespace cg {
namespace {

int loss_time(const MemoryPlan& plan) { return static_cast<int>(plan.ops().size()); }

bool alive(const Buffer& buffer, int time) { return buffer.first <= time && time <= buffer.last; }

/// The layers of the network: first those that compute, in order, then those that only hold parameters.
std::vector<LayerMemory> layers_of(const StepMemory& memory) {
  std::vector<LayerMemory> layers;
  const auto layer = [&](const std::string& name) -> LayerMemory& {
    const auto found = std::find_if(layers.begin(), layers.end(), [&](const auto& l) { return l.name == name; });
    if (found != layers.end()) return *found;
    layers.push_back({.name = name});
    return layers.back();
  };
  for (int node = 0; node < loss_time(memory.plan); ++node) layer(moment(memory.plan, node).layer);
  for (const FixedMemory& fixed : memory.fixed) layer(fixed.layer).fixed = fixed;
  return layers;
}

/// The largest sum of the sizes of `buffers` that are alive at one time.
Index most_alive(const std::vector<const Buffer*>& buffers, int times) {
  Index most = 0;
  for (int t = 0; t < times; ++t) {
    Index sum = 0;
    for (const Buffer* buffer : buffers) sum += alive(*buffer, t) ? buffer->bytes : 0;
    most = std::max(most, sum);
  }
  return most;
}

}  // namespace

bool is_kept(const MemoryPlan& plan, const Buffer& buffer) {
  const bool activation = buffer.role == Role::output || buffer.role == Role::saved;
  return activation && buffer.first < loss_time(plan) && loss_time(plan) < buffer.last;
}

std::vector<const Buffer*> in_time(const MemoryPlan& plan) {
  std::vector<const Buffer*> order;
  for (const Buffer& b : plan.buffers()) order.push_back(&b);
  std::stable_sort(order.begin(), order.end(), [](const Buffer* a, const Buffer* b) {
    return std::pair(a->first, a->offset) < std::pair(b->first, b->offset);
  });
  return order;
}

std::string role_text(const MemoryPlan& plan, const Buffer& buffer) {
  return name_of(buffer.role) + (is_kept(plan, buffer) ? ", kept" : "");
}

std::string Moment::text() const {
  return layer.empty() ? "the loss" : fmt::format("{} of {} ({})", forward ? "forward" : "backward", layer, op);
}

Moment moment(const MemoryPlan& plan, int time) {
  const int n = loss_time(plan);
  if (time == n) return {};
  const int node = time < n ? time : 2 * n - time;
  const Buffer* output = plan.find(node, Role::output, 0);
  return {output->scope, output->op, time < n};
}

MemoryProfile profile(const StepMemory& memory) {
  const MemoryPlan& plan = memory.plan;
  const int times = 2 * loss_time(plan) + 1, peak = plan.time_of_peak();
  MemoryProfile out;
  out.layers = layers_of(memory);
  out.live.assign(static_cast<std::size_t>(times), 0);
  std::vector<const Buffer*> passing;
  for (LayerMemory& layer : out.layers) {
    std::vector<const Buffer*> own;
    for (const Buffer& buffer : plan.buffers()) {
      if (buffer.scope != layer.name) continue;
      const bool kept = is_kept(plan, buffer);
      if (kept) layer.kept += buffer.bytes;
      if (!kept) own.push_back(&buffer);
      if (!alive(buffer, peak)) continue;
      out.holders.push_back(&buffer);
      layer.at_peak += buffer.bytes;
      if (kept) layer.kept_at_peak += buffer.bytes;
    }
    layer.scratch = most_alive(own, times);
    passing.insert(passing.end(), own.begin(), own.end());
    out.total.kept += layer.kept;
    out.total.at_peak += layer.at_peak;
    out.total.kept_at_peak += layer.kept_at_peak;
  }
  out.total.name = "total";
  out.total.fixed = memory.fixed_sum();
  out.total.scratch = most_alive(passing, times);
  for (const Buffer& buffer : plan.buffers())
    for (int t = buffer.first; t <= buffer.last; ++t) out.live[static_cast<std::size_t>(t)] += buffer.bytes;
  std::stable_sort(out.holders.begin(), out.holders.end(),
                   [](const Buffer* a, const Buffer* b) { return a->bytes > b->bytes; });
  return out;
}

}  // namespace cg
