#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/relu.h"

namespace cg::cuda {

template <class T>
Kernel<Relu> relu() {
  return relu_kernel<T, DeviceLaunch>();
}
template Kernel<Relu> relu<float>();
template Kernel<Relu> relu<bfloat16>();

}  // namespace cg::cuda
