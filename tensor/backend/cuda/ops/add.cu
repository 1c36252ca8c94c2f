#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/add.h"

namespace cg::cuda {

template <class T>
Kernel<Add> add() {
  return add_kernel<T, DeviceLaunch>();
}
template Kernel<Add> add<float>();
template Kernel<Add> add<bfloat16>();

}  // namespace cg::cuda
