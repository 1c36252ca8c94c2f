// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/relu.h"

namespace cg::cuda {

Kernel<Relu> kernel(OpIn<Relu, float>) { return OpKernel<Relu, float, DeviceLaunch>::get(); }
Kernel<Relu> kernel(OpIn<Relu, bfloat16>) { return OpKernel<Relu, bfloat16, DeviceLaunch>::get(); }

}  // namespace cg::cuda
