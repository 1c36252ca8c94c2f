// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/cast.h"

namespace cg::cuda {

Kernel<Cast> kernel(OpIn<Cast, float>) { return OpKernel<Cast, float, DeviceLaunch>::get(); }
Kernel<Cast> kernel(OpIn<Cast, bfloat16>) { return OpKernel<Cast, bfloat16, DeviceLaunch>::get(); }

}  // namespace cg::cuda
