// SPDX-License-Identifier: Apache-2.0
// A step's memory as JSON for programs: the totals, the layers, cuDNN's plans, and the measured values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/memory/convolution_plans.h"
#include "experiments/memory/memory_measure.h"
#include "experiments/memory/memory_profile.h"

namespace cg {

/// All values are in bytes. `plans`: empty if not wanted. `properties`: the GPU's properties as cuDNN writes them, or
/// empty.
std::string memory_json(const StepMemory& memory, const StepDescription& step, const std::vector<PlanLine>& plans,
                        const std::optional<MeasuredMemory>& measured, const std::string& properties);

}  // namespace cg
