#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/adam_update.h"

namespace cg::cuda {

Kernel<AdamUpdate> adam_update() { return adam_update_kernel<DeviceLaunch>(); }

}  // namespace cg::cuda
