// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/batch_norm_relu_max_pool.h"

namespace cg::cuda {

Kernel<BatchNormReluMaxPool> kernel(OpIn<BatchNormReluMaxPool, float>) {
  return OpKernel<BatchNormReluMaxPool, float, DeviceLaunch>::get();
}
Kernel<BatchNormReluMaxPool> kernel(OpIn<BatchNormReluMaxPool, bfloat16>) {
  return OpKernel<BatchNormReluMaxPool, bfloat16, DeviceLaunch>::get();
}

}  // namespace cg::cuda
