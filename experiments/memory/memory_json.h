// A step's memory for programs: the totals, the layers, cuDNN's plans, and what was measured beside them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/memory/convolution_plans.h"
#include "experiments/memory/memory_measure.h"
#include "experiments/memory/memory_profile.h"

namespace cg {

/// Bytes throughout. `plans`: empty where they were not asked for. `properties`: the GPU's as cuDNN writes them, or
/// nothing.
std::string memory_json(const StepMemory& memory, const StepDescription& step, const std::vector<PlanLine>& plans,
                        const std::optional<MeasuredMemory>& measured, const std::string& properties);

}  // namespace cg
