#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/batch_norm_relu_max_pool.h"

namespace cg::cuda {

template <class T>
Kernel<BatchNormReluMaxPool> batch_norm_relu_max_pool() {
  return batch_norm_relu_max_pool_kernel<T, DeviceLaunch>();
}
template Kernel<BatchNormReluMaxPool> batch_norm_relu_max_pool<float>();
template Kernel<BatchNormReluMaxPool> batch_norm_relu_max_pool<bfloat16>();

}  // namespace cg::cuda
