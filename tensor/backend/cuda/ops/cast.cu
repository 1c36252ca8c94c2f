#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/cast.h"

namespace cg::cuda {

template <class T>
Kernel<Cast> cast() {
  return cast_kernel<T, DeviceLaunch>();
}
template Kernel<Cast> cast<float>();
template Kernel<Cast> cast<bfloat16>();

}  // namespace cg::cuda
