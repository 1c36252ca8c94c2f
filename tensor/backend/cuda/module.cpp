// The module's one entry. Read next: ../cuda_module.h (what the program sees of it), cuda_backend.h, kernels.h.
#include <cudnn.h>
#include <fmt/format.h>

#include "tensor/backend/cuda/cuda_backend.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/backend/cuda_module.h"

namespace cg::cuda {
namespace {

std::unique_ptr<Backend> make_backend() { return std::make_unique<CudaBackend>(); }

std::string description() {
  const auto cudnn = cudnnGetVersion();
  return fmt::format("CUDA {}.{}, cuDNN {}.{}.{}, architectures {}", CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10,
                     cudnn / 10000, cudnn % 10000 / 100, cudnn % 100, CG_CUDA_ARCHITECTURES);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const CudaModule* cortexgrad_cuda_module() {
  static constexpr CudaModule module{add_kernels, make_backend, description};
  return &module;
}

}  // namespace cg::cuda
