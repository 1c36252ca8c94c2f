// SPDX-License-Identifier: Apache-2.0
// Analyses the memory of a training step: by layer, at the peak, at each time. The numbers come from
// training/step_memory.h; memory_text.h and memory_page.h show them.
#pragma once

#include <string>
#include <vector>

#include "experiments/training/step_memory.h"

namespace cg {

/// One layer's bytes.
struct LayerMemory {
  std::string name;  ///< "encoder.layer2.0.conv1"
  FixedMemory fixed = {};
  Index kept = 0;          ///< outputs and saved tensors that backward reads: alive while the loss is computed
  Index scratch = 0;       ///< the most at one time of the rest: workspace, gradients, passing outputs
  Index at_peak = 0;       ///< alive at the peak, kept or not
  Index kept_at_peak = 0;  ///< the kept part of `at_peak`
};

struct MemoryProfile {
  std::vector<LayerMemory> layers;     ///< in the network's order
  LayerMemory total;                   ///< sums; `scratch`: the most at one time for all layers together
  std::vector<const Buffer*> holders;  ///< alive at the peak, the largest first; pointers into the plan
  std::vector<Index> live;             ///< bytes alive at each time, 0 to 2n
};

/// `memory` must outlive the profile.
MemoryProfile profile(const StepMemory& memory);

/// Whether a buffer is kept for backward: an output or a saved tensor, alive before, at and after the loss.
bool is_kept(const MemoryPlan& plan, const Buffer& buffer);

/// A plan's buffers in the order of their first time; those of one time by their offset.
std::vector<const Buffer*> in_time(const MemoryPlan& plan);

/// "output, kept", "gradient", "backward workspace".
std::string role_text(const MemoryPlan& plan, const Buffer& buffer);

/// The computation at a time: its layer (empty: the loss), and a description, "backward of encoder.conv1 (conv3d)".
struct Moment {
  std::string layer, op;
  bool forward = true;
  std::string text() const;
};
Moment moment(const MemoryPlan& plan, int time);

/// The description of the step for readers of an estimate.
struct StepDescription {
  std::string config;  ///< as given, with the changed options
  Triple volume;       ///< D, H, W
  std::string device;  ///< "cpu: AVX2, 2 threads, oneDNN 3.2.0"
  DType activations = DType::f32, parameters = DType::f32;
  Index free = 0;    ///< bytes that the step may take; 0: unknown
  Index beside = 0;  ///< bytes that training keeps free for libraries
};

}  // namespace cg
