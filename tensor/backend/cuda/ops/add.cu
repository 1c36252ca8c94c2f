// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/add.h"

namespace cg::cuda {

Kernel<Add> kernel(OpIn<Add, float>) { return OpKernel<Add, float, DeviceLaunch>::get(); }
Kernel<Add> kernel(OpIn<Add, bfloat16>) { return OpKernel<Add, bfloat16, DeviceLaunch>::get(); }

}  // namespace cg::cuda
