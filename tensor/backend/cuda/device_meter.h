// SPDX-License-Identifier: Apache-2.0
// How much of a GPU's memory is used: cg::DeviceMeter (../cuda_module.h) for a device.
#pragma once

#include <memory>

#include "tensor/backend/cuda_module.h"

namespace cg::cuda {

/// Errors: device, for a planner, and if CUDA does not respond.
std::unique_ptr<DeviceMeter> make_meter(Backend& backend);

}  // namespace cg::cuda
