#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/l2_normalise.h"

namespace cg::cuda {

template <class T>
Kernel<L2Normalise> l2_normalise() {
  return l2_normalise_kernel<T, DeviceLaunch>();
}
template Kernel<L2Normalise> l2_normalise<float>();
template Kernel<L2Normalise> l2_normalise<bfloat16>();

}  // namespace cg::cuda
