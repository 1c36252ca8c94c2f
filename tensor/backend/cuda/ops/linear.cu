// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/linear.h"

namespace cg::cuda {
namespace {

/// cuBLASLt, reached through the backend.
class CublasProducts {
 public:
  explicit CublasProducts(Backend& backend) : backend_(of(backend)) {}
  void multiply(const Matrix& a, const Matrix& b, float* c) { backend_.multiply(a, b, c); }

 private:
  CudaBackend& backend_;
};

}  // namespace

Kernel<Linear> kernel(OpIn<Linear, float>) { return linear_kernel<DeviceLaunch, CublasProducts>(); }

}  // namespace cg::cuda
