// SPDX-License-Identifier: Apache-2.0
// Where every buffer of a step is, decided before the first number is computed: lifetimes from the plans of the ops,
// offsets in one arena. This decides the peak memory on every device.
// Time: forward of node j at j, the loss at n, backward of node j at 2n − j.
// An example: linear (node 0), relu (1), linear (2). y are outputs, dy their gradients, all of A bytes except the
// smaller y2. y1 is kept until relu's backward has read it.
//
//   3A |                                +-----------+
//      |                                |    dy0    |
//   2A |  +-----------+-----------+-----+-----+-----+
//      |  |    y0     |    y2     |    dy1    |
//    A |  +-----+-----+-----------+-----------+
//      |        |             y1              |
//    0 +------------------------------------------------> time
//            0     1     2     3     4     5     6
//          forward of 0, 1, 2 loss backward of 2, 1, 0
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "tensor/backend.h"
#include "tensor/registry.h"

namespace cg {

class Tape;
struct Variable;

/// What a planned buffer is for.
enum class Role {
  output,               ///< of a node, until its last use
  recomputed,           ///< a dropped output, recomputed for the backward pass
  saved,                ///< index: which of the plan's saved tensors
  gradient,             ///< of a node's output
  addend,               ///< a further consumer's gradient before it is added; index: the consumer's input
  forward_workspace,    ///< a kernel's scratch
  backward_workspace,   ///< the same in backward
  recompute_workspace,  ///< the same while an output is recomputed
};
std::string name_of(Role role);

struct Buffer {
  int node = 0;
  Role role = Role::output;
  int index = 0;
  std::string scope;  ///< "encoder.layer2.0.conv1"
  std::string op;
  Index bytes = 0;
  int first = 0, last = 0;  ///< the times between which it is alive, both included
  Index offset = 0;         ///< in the arena
  bool in_place = false;    ///< a gradient: in the memory of the output that it belongs to (Plan::in_place)
};

class MemoryPlan {
 public:
  MemoryPlan() = default;
  /// Plans a step recorded on a meta tape: its forward pass, and with `training` its backward pass. `results` stay
  /// alive until the loss is computed. The kernels of `target`'s device give their workspace sizes.
  MemoryPlan(const Tape& tape, const std::vector<Variable>& results, bool training, const Registry& registry,
             Backend& target);

  Index arena_bytes() const { return arena_bytes_; }
  /// The largest number of bytes alive at one time: no arena can be smaller.
  Index live_bytes() const { return live_bytes_; }
  /// How much larger than this the arena is, in per cent of it: lost between buffers that do not fit together.
  double percent_lost() const;
  int time_of_peak() const { return time_of_peak_; }
  const std::vector<Buffer>& buffers() const { return buffers_; }
  /// The buffer for a part of node `node`, or null if the plan has no such buffer.
  const Buffer* find(int node, Role role, int index) const;
  const std::vector<std::string>& ops() const { return ops_; }  ///< names in order of the nodes

 private:
  std::vector<Buffer> buffers_;
  std::map<std::tuple<int, Role, int>, std::size_t> at_;
  std::vector<std::string> ops_;
  Index arena_bytes_ = 0, live_bytes_ = 0;
  int time_of_peak_ = 0;
};

}  // namespace cg
