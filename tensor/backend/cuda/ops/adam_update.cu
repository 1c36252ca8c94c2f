// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/adam_update.h"

namespace cg::cuda {

Kernel<AdamUpdate> kernel(OpIn<AdamUpdate, float>) { return OpKernel<AdamUpdate, float, DeviceLaunch>::get(); }

}  // namespace cg::cuda
