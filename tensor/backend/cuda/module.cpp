// SPDX-License-Identifier: Apache-2.0
// The module's one entry. Read next: tensor/backend/cuda_module.h (what the program sees of it), cuda_backend.h,
// kernels.h.
#include <fmt/format.h>

#include "tensor/backend/cuda/cuda_backend.h"
#include "tensor/backend/cuda/device/cudnn_version.h"
#include "tensor/backend/cuda/device_meter.h"
#include "tensor/backend/cuda/engine_candidates.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda_module.h"

namespace cg::cuda {
namespace {

std::unique_ptr<Backend> make_backend(const EngineRule& rule, std::string& why) {
  why = CudaBackend::why_none(CG_CUDA_ARCHITECTURES);
  return why.empty() ? std::make_unique<CudaBackend>(rule) : nullptr;
}

std::unique_ptr<Backend> make_planner(const std::string& device, const EngineRule& rule) {
  return std::make_unique<CudaBackend>(device_properties(device, CG_CUDA_ARCHITECTURES), rule);
}

std::string description() {
  return fmt::format("CUDA {}.{}, cuDNN {}, architectures {}", CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10,
                     cudnn_version_name(cudnnGetVersion()), CG_CUDA_ARCHITECTURES);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const CudaModule* cortexgrad_cuda_module() {
  static constexpr CudaModule module{add_kernels,         make_backend, make_planner, description,
                                     convolution_methods, make_meter,   make_sweep};
  return &module;
}

}  // namespace cg::cuda
