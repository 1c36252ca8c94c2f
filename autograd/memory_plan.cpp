// SPDX-License-Identifier: Apache-2.0
#include "autograd/memory_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "autograd/tape.h"

namespace cg {
namespace {

constexpr Index alignment = 256;

/// Lifetimes of all buffers of a recorded step.
class Lifetimes {
 public:
  Lifetimes(const Tape& tape, const std::vector<Variable>& results, bool training, const Registry& registry,
            Backend& target)
      : nodes_(tape.nodes()),
        n_(static_cast<int>(nodes_.size())),
        training_(training),
        registry_(registry),
        target_(target),
        forward_end_(nodes_.size()),
        reads_(nodes_.size()),
        consumers_(nodes_.size()) {
    for (int j = 0; j < n_; ++j) {
      forward_end_[index(j)] = j;
      for (const Variable& input : node(j).inputs)
        if (input.node >= 0) forward_end_[index(input.node)] = j;
    }
    for (const Variable& result : results) forward_end_[index(result.node)] = n_;
    for (int j = n_ - 1; j >= 0; --j) visit(j);
  }

  std::vector<Buffer> take() { return std::move(buffers_); }

 private:
  static std::size_t index(int j) { return static_cast<std::size_t>(j); }
  const Node& node(int j) const { return nodes_[index(j)]; }
  int backward_time(int j) const { return 2 * n_ - j; }

  void add(int j, Role role, int part, Index bytes, int first, int last) {
    if (bytes > 0) buffers_.push_back({j, role, part, node(j).scope, node(j).op.name, bytes, first, last, 0});
  }

  /// Marks node j's kept inputs as read at time t of the backward pass.
  void read_inputs(int j, int t) {
    for (std::size_t a = 0; a < node(j).inputs.size(); ++a)
      if (((node(j).plan.saved_inputs >> a) & 1u) && node(j).inputs[a].node >= 0)
        reads_[index(node(j).inputs[a].node)].push_back(t);
  }

  /// From the last node to the first: when a node's turn comes, all reads of its output are known.
  void visit(int j) {
    const Node& made = node(j);
    const bool backward = training_ && made.needs_gradient;
    const Index bytes = made.plan.outputs[0].size_bytes();
    std::vector<int>& reads = reads_[index(j)];
    if (backward && (made.plan.saved_outputs & 1u)) reads.push_back(backward_time(j));
    const Workspace scratch = workspace(made, backward ? added_gradients(made) : 0);

    int last = forward_end_[index(j)];
    bool in_place = false;
    if (!reads.empty()) {
      const auto [first_read, last_read] = std::minmax_element(reads.begin(), reads.end());
      in_place = backward && consumers_[index(j)] && consumers_[index(j)]->in_place &&
                 consumers_[index(j)]->time == *last_read;
      if (backward && (made.plan.recomputable & 1u)) {
        add(j, Role::recomputed, 0, bytes, *first_read, *last_read);
        add(j, Role::recompute_workspace, 0, scratch.recompute, *first_read, *first_read);
        read_inputs(j, *first_read);
      } else {
        last = std::max(last, *last_read);
      }
    }
    add(j, Role::output, 0, bytes, j, last);
    add(j, Role::forward_workspace, 0, scratch.forward, j, j);
    for (std::size_t k = 0; k < made.plan.saved.size(); ++k)
      add(j, Role::saved, static_cast<int>(k), made.plan.saved[k].size_bytes(), j, backward ? backward_time(j) : j);
    if (backward) plan_backward(j, scratch, in_place);
  }

  /// `in_place`: the gradient of j's output is written over the output, which is not read later.
  void plan_backward(int j, const Workspace& scratch, bool in_place) {
    read_inputs(j, backward_time(j));
    add(j, Role::backward_workspace, 0, scratch.backward, backward_time(j), backward_time(j));
    if (const auto& consumer = consumers_[index(j)]) {
      const int first = consumer->time + (in_place ? 1 : 0);  // until then the output is alive there
      add(j, Role::gradient, 0, node(j).plan.outputs[0].size_bytes(), first, backward_time(j));
      buffers_.back().in_place = in_place;
    }
    for (std::size_t a = 0; a < node(j).inputs.size(); ++a) {
      const Variable& input = node(j).inputs[a];
      if (!input.needs_gradient) continue;
      const bool first = is_first(input);
      if (!first && !((adds_of(node(j)) >> a) & 1u))
        add(j, Role::addend, static_cast<int>(a), input.spec().size_bytes(), backward_time(j), backward_time(j));
      if (input.leaf)
        leaves_.push_back(input.leaf.get());
      else if (first)
        consumers_[index(input.node)] = {backward_time(j), writes_in_place(node(j), a)};
    }
  }

  /// Whether a node's backward may write the gradient of its input a over the input.
  static bool writes_in_place(const Node& consumer, std::size_t a) {
    const auto same = [&](const Variable& input) { return input.node == consumer.inputs[a].node; };
    return ((consumer.plan.in_place & consumer.plan.saved_inputs) >> a & 1u) != 0 &&
           std::count_if(consumer.inputs.begin(), consumer.inputs.end(), same) == 1;
  }

  /// Whether no gradient of this input has been written before.
  bool is_first(const Variable& input) const {
    return input.leaf ? std::find(leaves_.begin(), leaves_.end(), input.leaf.get()) == leaves_.end()
                      : !consumers_[index(input.node)];
  }

  const AnyKernel& kernel(const Node& made) const {
    return registry_.kernel(made.op.type, target_.device(), made.inputs[0].spec().dtype);
  }
  /// To which inputs' gradients the target's kernel can add.
  unsigned adds_of(const Node& made) const { return target_.device() == Device::meta ? 0 : kernel(made).adds; }

  /// To which of them it will add: the Call::adds of a node whose turn comes now.
  unsigned added_gradients(const Node& made) const {
    unsigned mask = 0;
    for (std::size_t a = 0; a < made.inputs.size(); ++a) {
      const Variable& input = made.inputs[a];
      const auto same = [&](const Variable& earlier) { return input.node >= 0 && earlier.node == input.node; };
      const bool twice = std::any_of(made.inputs.begin(), made.inputs.begin() + static_cast<std::ptrdiff_t>(a), same);
      if (input.needs_gradient && (twice || !is_first(input))) mask |= 1u << a;
    }
    return mask & adds_of(made);
  }

  Workspace workspace(const Node& made, unsigned adds) const {
    if (target_.device() == Device::meta) return {};
    return workspace_of(made, kernel(made), target_, adds);
  }

  /// The backward that first writes the gradient of a node's output.
  struct Consumer {
    int time;
    bool in_place;  ///< it may write the gradient over the output
  };

  const std::vector<Node>& nodes_;
  int n_;
  bool training_;
  const Registry& registry_;
  Backend& target_;
  std::vector<int> forward_end_;         // the last forward use of each node's output
  std::vector<std::vector<int>> reads_;  // times at which backward reads it
  std::vector<std::optional<Consumer>> consumers_;
  std::vector<const Leaf*> leaves_;  // written so far
  std::vector<Buffer> buffers_;
};

/// One place in the arena: a buffer, and the gradient that is written over it.
struct Place {
  Buffer* buffer;
  Buffer* gradient = nullptr;
  int last() const { return gradient ? gradient->last : buffer->last; }
};

/// The places of all buffers: the largest first, and of equal ones that which lives longest. The output of a gradient
/// in place ends one time before it begins.
std::vector<Place> places(std::vector<Buffer>& buffers) {
  std::vector<Place> all;
  for (Buffer& buffer : buffers)
    if (!buffer.in_place) all.push_back({&buffer});
  for (Buffer& buffer : buffers) {
    if (!buffer.in_place) continue;
    const auto output = std::find_if(all.begin(), all.end(), [&](const Place& place) {
      return place.buffer->node == buffer.node && place.buffer->last == buffer.first - 1 &&
             (place.buffer->role == Role::output || place.buffer->role == Role::recomputed);
    });
    output->gradient = &buffer;
  }
  const auto rank = [](const Place& place) {
    return std::pair(-place.buffer->bytes, place.buffer->first - place.last());
  };
  std::ranges::stable_sort(all, {}, rank);
  return all;
}

/// Greedy by size: the largest buffer first, each at the lowest offset that no living neighbour holds. Returns the
/// arena's size.
Index assign_offsets(std::vector<Buffer>& buffers) {
  std::vector<Place> placed;
  Index arena = 0;
  for (const Place& place : places(buffers)) {
    Buffer& buffer = *place.buffer;
    const Index bytes = (buffer.bytes + alignment - 1) / alignment * alignment;
    Index at = 0;
    for (const Place& other : placed) {  // in order of offset
      const bool alive_together = other.buffer->first <= place.last() && buffer.first <= other.last();
      const Index begin = other.buffer->offset, end = begin + other.buffer->bytes;
      if (alive_together && begin < at + bytes && at < end) at = (end + alignment - 1) / alignment * alignment;
    }
    buffer.offset = at;
    if (place.gradient) place.gradient->offset = at;
    placed.insert(std::upper_bound(placed.begin(), placed.end(), place,
                                   [](const Place& a, const Place& b) { return a.buffer->offset < b.buffer->offset; }),
                  place);
    arena = std::max(arena, at + bytes);
  }
  return arena;
}

}  // namespace

std::string name_of(Role role) {
  constexpr const char* names[] = {"output", "recomputed output", "saved tensor",       "gradient",
                                   "addend", "forward workspace", "backward workspace", "recompute workspace"};
  return names[static_cast<std::size_t>(role)];
}

MemoryPlan::MemoryPlan(const Tape& tape, const std::vector<Variable>& results, bool training, const Registry& registry,
                       Backend& target)
    : buffers_(Lifetimes(tape, results, training, registry, target).take()), arena_bytes_(assign_offsets(buffers_)) {
  for (std::size_t k = 0; k < buffers_.size(); ++k) at_[{buffers_[k].node, buffers_[k].role, buffers_[k].index}] = k;
  for (const Node& node : tape.nodes()) ops_.push_back(node.op.name);
  for (int t = 0; t <= 2 * static_cast<int>(ops_.size()); ++t) {
    Index live = 0;
    for (const Buffer& buffer : buffers_)
      if (buffer.first <= t && t <= buffer.last) live += buffer.bytes;
    if (live > live_bytes_) {
      live_bytes_ = live;
      time_of_peak_ = t;
    }
  }
}

double MemoryPlan::percent_lost() const {
  if (live_bytes_ == 0) return 0;
  return 100 * static_cast<double>(arena_bytes_ - live_bytes_) / static_cast<double>(live_bytes_);
}

const Buffer* MemoryPlan::find(int node, Role role, int index) const {
  const auto found = at_.find({node, role, index});
  return found == at_.end() ? nullptr : &buffers_[found->second];
}

}  // namespace cg
