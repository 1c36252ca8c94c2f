// SPDX-License-Identifier: Apache-2.0
// The picture of a training step's memory. From left to right: time, the forward nodes, the loss, the backward nodes.
// Upper part: the bytes that are alive, by stage of the network. Lower part: the position of each buffer in the arena.
#pragma once

#include <string>
#include <vector>

#include "experiments/memory/memory_profile.h"
#include "experiments/pages/markup.h"

namespace cg {

/// The stages, which give the colours of buffers, in the network's order, and the colour class of each layer.
struct Stages {
  explicit Stages(const MemoryProfile& profile);
  std::vector<std::string> names;  ///< "stem", "layer1", …
  /// The colour class of a layer's stage: "c0" for a cast of the input, which not all steps have, and "c1" to "c7" in
  /// turn for the others, so that a stage has the same colour in all precisions.
  std::string colour(const std::string& layer) const;
};

/// The stage of a layer: "layer2" for "encoder.layer2.0.conv1"; conv1 and bn1 of the encoder are its "stem".
std::string stage_of(const std::string& layer);

/// The use of a buffer, as its drawing class: kept, passing, gradient or workspace.
std::string use_of(const MemoryPlan& plan, const Buffer& buffer);

/// Appends the picture as an SVG element with class "timeline"; its buffers have the class "buffer" and a title.
void write_timeline(Markup& page, const MemoryPlan& plan, const MemoryProfile& profile, const Stages& stages);

}  // namespace cg
