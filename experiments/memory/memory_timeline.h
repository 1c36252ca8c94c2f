// The picture of a training step's memory. Across: time, the forward nodes, the loss, the backward nodes. Above, the
// bytes that are alive, by stage of the network; below, where every buffer lies in the arena.
#pragma once

#include <string>
#include <vector>

#include "experiments/memory/memory_profile.h"
#include "experiments/pages/markup.h"

namespace cg {

/// The stages that buffers are coloured by, in the network's order, and the class of each layer's colour.
struct Stages {
  explicit Stages(const MemoryProfile& profile);
  std::vector<std::string> names;  ///< "stem", "layer1", …
  /// The colour's class by the stage of a layer: "c0" for a cast of the input, which not every step has, and "c1" to
  /// "c7" in turn for the others, so that a stage looks the same in all precisions.
  std::string colour(const std::string& layer) const;
};

/// The stage of a layer: "layer2" of "encoder.layer2.0.conv1"; conv1 and bn1 of the encoder are its "stem".
std::string stage_of(const std::string& layer);

/// What a buffer serves, as the class it is drawn by: kept, passing, gradient or workspace.
std::string use_of(const MemoryPlan& plan, const Buffer& buffer);

/// Appends the picture as an SVG element with class "timeline"; its buffers have the class "buffer" and a title.
void write_timeline(Markup& page, const MemoryPlan& plan, const MemoryProfile& profile, const Stages& stages);

}  // namespace cg
