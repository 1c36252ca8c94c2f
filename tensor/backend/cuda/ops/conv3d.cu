// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device_launch.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda/ops/conv3d.h"

namespace cg::cuda {
namespace {

/// cuDNN as the engines of conv3d.h.
class CudnnEngines {
 public:
  explicit CudnnEngines(Backend& backend) : backend_(of(backend)) {}

  Index workspace(const ConvolutionProblem& p) { return backend_.plan(p).workspace(); }
  void run(const ConvolutionProblem& p, void* x, void* w, void* y, void* workspace) {
    backend_.run(backend_.plan(p), x, w, y, workspace);
  }
  Index largest_tensor() const { return (Index{1} << 31) - 1; }

 private:
  CudaBackend& backend_;
};

template <class T>
ConvolutionMethod method(Backend& backend, const Conv3d& op, const Shape& x, const Shape& w, Direction direction,
                         unsigned adds) {
  auto convolution = Conv3dKernels<T, DeviceLaunch, CudnnEngines>::convolution(backend, op, x, w, direction, adds);
  const ConvolutionPlan& plan = of(backend).plan(convolution.problem(0));
  return {.direction = direction,
          .engine = plan.engine(),
          .knobs = plan.knobs(),
          .notes = plan.notes(),
          .engine_workspace = plan.workspace(),
          .workspace = convolution.workspace(),
          .source = plan.source(),
          .problems = convolution.problems()};
}

}  // namespace

Kernel<Conv3d> kernel(OpIn<Conv3d, float>) { return conv3d_kernel<float, DeviceLaunch, CudnnEngines>(); }
Kernel<Conv3d> kernel(OpIn<Conv3d, bfloat16>) { return conv3d_kernel<bfloat16, DeviceLaunch, CudnnEngines>(); }

std::vector<ConvolutionMethod> convolution_methods(Backend& backend, const Conv3d& op, const Shape& x, const Shape& w,
                                                   DType dtype, unsigned gradients, unsigned adds) {
  std::vector<Direction> directions = {Direction::forward};
  if (gradients & 0b01) directions.push_back(Direction::data_gradient);
  if (gradients & 0b10) directions.push_back(Direction::weight_gradient);
  std::vector<ConvolutionMethod> methods;
  for (Direction direction : directions)
    methods.push_back(dtype == DType::bf16 ? method<bfloat16>(backend, op, x, w, direction, adds)
                                           : method<float>(backend, op, x, w, direction, adds));
  return methods;
}

}  // namespace cg::cuda
