// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/l2_normalise.h"

namespace cg::cuda {

Kernel<L2Normalise> kernel(OpIn<L2Normalise, float>) { return OpKernel<L2Normalise, float, DeviceLaunch>::get(); }
Kernel<L2Normalise> kernel(OpIn<L2Normalise, bfloat16>) { return OpKernel<L2Normalise, bfloat16, DeviceLaunch>::get(); }

}  // namespace cg::cuda
