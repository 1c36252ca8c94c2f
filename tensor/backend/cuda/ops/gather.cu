// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/ops/gather.h"

#include "tensor/backend/cuda/device_launch.h"

namespace cg::cuda {

void CudaBackend::gather(std::span<const Tensor> parts, Tensor& buffer) {
  cuda::gather(parts, buffer.raw(), DeviceLaunch(*this));
}

}  // namespace cg::cuda
