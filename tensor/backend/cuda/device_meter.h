// Who wants to know how full a GPU is: cg::DeviceMeter (../cuda_module.h) for a device that is there.
#pragma once

#include <memory>

#include "tensor/backend/cuda_module.h"

namespace cg::cuda {

/// Errors: device, for a backend that only plans, and where CUDA does not answer.
std::unique_ptr<DeviceMeter> make_meter(Backend& backend);

}  // namespace cg::cuda
