#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/batch_norm.h"

namespace cg::cuda {

template <class T>
Kernel<BatchNorm> batch_norm() {
  return batch_norm_kernel<T, DeviceLaunch>();
}
template Kernel<BatchNorm> batch_norm<float>();
template Kernel<BatchNorm> batch_norm<bfloat16>();

template <class T>
Kernel<BatchNormRelu> batch_norm_relu() {
  return batch_norm_relu_kernel<T, DeviceLaunch>();
}
template Kernel<BatchNormRelu> batch_norm_relu<float>();
template Kernel<BatchNormRelu> batch_norm_relu<bfloat16>();

template <class T>
Kernel<BatchNormAddRelu> batch_norm_add_relu() {
  return batch_norm_add_relu_kernel<T, DeviceLaunch>();
}
template Kernel<BatchNormAddRelu> batch_norm_add_relu<float>();
template Kernel<BatchNormAddRelu> batch_norm_add_relu<bfloat16>();

}  // namespace cg::cuda
