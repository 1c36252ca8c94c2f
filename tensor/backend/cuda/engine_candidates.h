// SPDX-License-Identifier: Apache-2.0
// The engines of a problem on a GPU: cg::EngineSweep (../engine_sweep.h) for a device.
// Read next: library/engine_timer.h.
#pragma once

#include <memory>

#include "tensor/backend/engine_sweep.h"

namespace cg::cuda {

/// Errors: memory.
std::unique_ptr<EngineSweep> make_sweep(Backend& backend, const ConvolutionProblem& problem);

}  // namespace cg::cuda
