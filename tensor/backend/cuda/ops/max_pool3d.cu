// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/max_pool3d.h"

namespace cg::cuda {

Kernel<MaxPool3d> kernel(OpIn<MaxPool3d, float>) { return OpKernel<MaxPool3d, float, DeviceLaunch>::get(); }
Kernel<MaxPool3d> kernel(OpIn<MaxPool3d, bfloat16>) { return OpKernel<MaxPool3d, bfloat16, DeviceLaunch>::get(); }

}  // namespace cg::cuda
