#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/max_pool3d.h"

namespace cg::cuda {

template <class T>
Kernel<MaxPool3d> max_pool3d() {
  return max_pool3d_kernel<T, DeviceLaunch>();
}
template Kernel<MaxPool3d> max_pool3d<float>();
template Kernel<MaxPool3d> max_pool3d<bfloat16>();

}  // namespace cg::cuda
