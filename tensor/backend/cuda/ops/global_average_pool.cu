#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/global_average_pool.h"

namespace cg::cuda {

template <class T>
Kernel<GlobalAveragePool> global_average_pool() {
  return global_average_pool_kernel<T, DeviceLaunch>();
}
template Kernel<GlobalAveragePool> global_average_pool<float>();
template Kernel<GlobalAveragePool> global_average_pool<bfloat16>();

}  // namespace cg::cuda
