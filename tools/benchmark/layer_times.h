// SPDX-License-Identifier: Apache-2.0
// Measures the time of the observed steps by layer and direction, with the minimum of bytes and operations of the work:
// benchmark step --layers.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tape.h"

namespace cg {

class LayerTimes : public TapeObserver {
 public:
  /// After each kernel it waits for a device that works asynchronously, so the sum is more than the time of an
  /// unobserved step.
  explicit LayerTimes(Backend& backend) : backend_(backend) {}

  void before(const Node&) override { start_ = Clock::now(); }
  void after_forward(const Node& node, const Tensor&) override { add(node, "forward"); }
  void after_backward(const Node& node, const Call&) override { add(node, "backward"); }

  /// Prints one line per layer and direction to standard error, the longest first. `steps`: the number of observed
  /// steps.
  void print(Index steps) const {
    for (const Row* row : longest_first())
      fmt::print(stderr, "{:9.3f} ms  {:<9} {} ({})\n", milliseconds(*row, steps), row->direction, row->layer, row->op);
  }
  nlohmann::json to_json(Index steps) const {
    nlohmann::json all = nlohmann::json::array();
    for (const Row* row : longest_first())
      all.push_back({{"layer", row->layer},
                     {"op", row->op},
                     {"direction", row->direction},
                     {"milliseconds", milliseconds(*row, steps)},
                     {"bytes", row->bytes},
                     {"operations", row->operations}});
    return all;
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Row {
    std::string layer, op, direction;
    double seconds = 0;
    Index bytes = 0, operations = 0;  ///< of one step
  };

  static double milliseconds(const Row& row, Index steps) { return 1e3 * row.seconds / static_cast<double>(steps); }

  void add(const Node& node, const std::string& direction) {
    backend_.synchronize();
    Row& row = rows_[{node.scope + " " + std::string(node.op.name), direction}];
    row.seconds += std::chrono::duration<double>(Clock::now() - start_).count();
    row.layer = node.scope;
    row.op = node.op.name;
    row.direction = direction;
    row.bytes = direction == "forward" ? forward_bytes(node) : backward_bytes(node);
    row.operations = operations(node, direction == "forward");
  }

  static Index sum(const std::vector<Spec>& specs, unsigned which = ~0u) {
    Index bytes = 0;
    for (std::size_t j = 0; j < specs.size(); ++j)
      if ((which >> j) & 1u) bytes += specs[j].size_bytes();
    return bytes;
  }
  /// Each input is read once, each result is written once.
  static Index forward_bytes(const Node& node) {
    return sum(node.specs()) + sum(node.plan.outputs) + sum(node.plan.saved);
  }
  /// The outputs' gradients and the kept tensors are read once, the wanted gradients are written once.
  static Index backward_bytes(const Node& node) {
    return sum(node.plan.outputs) + sum(node.plan.saved) + sum(node.specs(), node.plan.saved_inputs) +
           sum(node.plan.outputs, node.plan.saved_outputs) + sum(node.specs(), node.wanted_gradients());
  }
  /// Multiplications and additions of a convolution or a linear layer, once per direction and wanted gradient; 0 for
  /// other ops.
  static Index operations(const Node& node, bool forward) {
    if (node.op.name != "conv3d" && node.op.name != "linear") return 0;
    const Shape weights = node.specs()[1].shape;
    const Index once = 2 * count(node.plan.outputs[0].shape) * (count(weights) / weights[0]);
    const unsigned wanted = node.wanted_gradients() & 0b11;
    return forward ? once : once * ((wanted & 1u) + (wanted >> 1));
  }
  std::vector<const Row*> longest_first() const {
    std::vector<const Row*> all;
    for (const auto& [name, row] : rows_) all.push_back(&row);
    std::sort(all.begin(), all.end(), [](const Row* a, const Row* b) { return a->seconds > b->seconds; });
    return all;
  }

  Backend& backend_;
  Clock::time_point start_;
  std::map<std::pair<std::string, std::string>, Row> rows_;
};

}  // namespace cg
