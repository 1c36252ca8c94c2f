// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/ops/all_finite.h"

namespace cg::cuda {

Tensor CudaBackend::finite_scratch() { return tensor({{finite_parts}, DType::f32}); }

void CudaBackend::write_is_finite(const Tensor& tensor, Tensor& flag) {
  auto* parts = reinterpret_cast<std::uint32_t*>(finite_scratch_.raw());
  const Index count = tensor.spec().count();
  const DeviceLaunch launch(*this);
  if (tensor.dtype() == DType::bf16)
    cuda::write_is_finite(pointer<const bfloat16>(tensor), count, parts, pointer<double>(flag), launch);
  else
    cuda::write_is_finite(pointer<const float>(tensor), count, parts, pointer<double>(flag), launch);
}

}  // namespace cg::cuda
