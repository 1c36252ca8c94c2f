// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/batch_norm.h"

namespace cg::cuda {

Kernel<BatchNorm> kernel(OpIn<BatchNorm, float>) { return OpKernel<BatchNorm, float, DeviceLaunch>::get(); }
Kernel<BatchNorm> kernel(OpIn<BatchNorm, bfloat16>) { return OpKernel<BatchNorm, bfloat16, DeviceLaunch>::get(); }
Kernel<BatchNormRelu> kernel(OpIn<BatchNormRelu, float>) { return OpKernel<BatchNormRelu, float, DeviceLaunch>::get(); }
Kernel<BatchNormRelu> kernel(OpIn<BatchNormRelu, bfloat16>) {
  return OpKernel<BatchNormRelu, bfloat16, DeviceLaunch>::get();
}
Kernel<BatchNormAddRelu> kernel(OpIn<BatchNormAddRelu, float>) {
  return OpKernel<BatchNormAddRelu, float, DeviceLaunch>::get();
}
Kernel<BatchNormAddRelu> kernel(OpIn<BatchNormAddRelu, bfloat16>) {
  return OpKernel<BatchNormAddRelu, bfloat16, DeviceLaunch>::get();
}

}  // namespace cg::cuda
