#include "tensor/backend/cuda/all_finite.h"
#include "tensor/backend/cuda/device_launch.h"

namespace cg::cuda {

Tensor CudaBackend::finite_scratch() { return tensor({{finite_parts + 1}, DType::f32}); }

bool CudaBackend::all_finite(const Tensor& tensor) {
  auto* words = reinterpret_cast<std::uint32_t*>(finite_scratch_.bytes());
  const DeviceLaunch launch(*this);
  if (tensor.dtype() == DType::bf16)
    cuda::all_finite(pointer<const bfloat16>(tensor), tensor.spec().count(), words, words + finite_parts, launch);
  else
    cuda::all_finite(pointer<const float>(tensor), tensor.spec().count(), words, words + finite_parts, launch);
  std::uint32_t flag = 0;
  copy(&flag, words + finite_parts, sizeof flag, cudaMemcpyDeviceToHost);
  return flag == 1;
}

}  // namespace cg::cuda
