// SPDX-License-Identifier: Apache-2.0
// Measures the time of the observed steps by layer and direction, with the minimum of bytes and operations of the work:
// benchmark step --layers. The directions are forward, backward, and of convolutions and linear layers, whose gradients
// are computed one after the other, data gradient and weight gradient.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tape.h"

namespace cg {

class LayerTimes : public TapeObserver {
 public:
  explicit LayerTimes(Backend& backend) : backend_(backend) {}

  bool gradients_apart(const Node& node) const override { return multiplies(node); }
  void before(const Node&) override { start_ = backend_.record_event(); }
  void after_forward(const Node& node, const Tensor&) override {
    add(node, "forward", forward_bytes(node), operations(node));
  }
  void after_backward(const Node& node, const Call& call) override {
    if (!multiplies(node)) return add(node, "backward", backward_bytes(node), 0);
    const bool data = static_cast<bool>(call.grad_in[0]);
    const Index read = node.plan.outputs[0].size_bytes() + sum(node.specs(), data ? 0b10 : 0b01);
    const bool bias = call.grad_in.size() > 2 && call.grad_in[2];
    add(node,
        data   ? "data gradient"
        : bias ? "bias gradient"
               : "weight gradient",
        read + sum(node.specs(), data   ? 0b01
                                 : bias ? 0b100
                                        : 0b10),
        bias ? 0 : operations(node));
  }
  /// Adds the times of the kernels that were observed. Before print() and to_json().
  void finish() {
    backend_.synchronize();
    for (const Span& span : spans_) rows_[span.row].seconds += span.end->since(*span.start);
    spans_.clear();
  }

  /// Prints one line per layer and direction to standard error, the longest first. `steps`: the number of observed
  /// steps.
  void print(Index steps) const {
    for (const Row* row : longest_first())
      fmt::print(stderr, "{:9.3f} ms  {:<15} {} ({})\n", milliseconds(*row, steps), row->direction, row->layer,
                 row->op);
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
  struct Row {
    std::string layer, op, direction;
    double seconds = 0;
    Index bytes = 0, operations = 0;  ///< of one step
  };

  using Name = std::pair<std::string, std::string>;
  struct Span {
    Name row;
    std::unique_ptr<DeviceEvent> start, end;
  };

  static double milliseconds(const Row& row, Index steps) { return 1e3 * row.seconds / static_cast<double>(steps); }

  void add(const Node& node, const std::string& direction, Index bytes, Index operations) {
    const Name name{node.scope + " " + std::string(node.op.name), direction};
    Row& row = rows_[name];
    row.layer = node.scope;
    row.op = node.op.name;
    row.direction = direction;
    row.bytes = bytes;
    row.operations = operations;
    spans_.push_back({name, std::move(start_), backend_.record_event()});
  }

  static bool multiplies(const Node& node) { return node.op.name == "conv3d" || node.op.name == "linear"; }

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
  /// Multiplications and additions of a convolution or a linear layer, the same in each direction; 0 for other ops.
  static Index operations(const Node& node) {
    if (!multiplies(node)) return 0;
    const Shape weights = node.specs()[1].shape;
    return 2 * count(node.plan.outputs[0].shape) * (count(weights) / weights[0]);
  }
  std::vector<const Row*> longest_first() const {
    std::vector<const Row*> all;
    for (const auto& [name, row] : rows_) all.push_back(&row);
    std::sort(all.begin(), all.end(), [](const Row* a, const Row* b) { return a->seconds > b->seconds; });
    return all;
  }

  Backend& backend_;
  std::unique_ptr<DeviceEvent> start_;
  std::vector<Span> spans_;
  std::map<Name, Row> rows_;
};

}  // namespace cg
