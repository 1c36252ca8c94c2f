// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/global_average_pool.h"

namespace cg::cuda {

Kernel<GlobalAveragePool> kernel(OpIn<GlobalAveragePool, float>) {
  return OpKernel<GlobalAveragePool, float, DeviceLaunch>::get();
}
Kernel<GlobalAveragePool> kernel(OpIn<GlobalAveragePool, bfloat16>) {
  return OpKernel<GlobalAveragePool, bfloat16, DeviceLaunch>::get();
}

}  // namespace cg::cuda
