// SPDX-License-Identifier: Apache-2.0
// Linked in the place of cuda_loader.cpp where CMake did not build the CUDA backend.
#include "tensor/backend/cuda_module.h"

namespace cg {

const CudaModule* cuda_module(std::string& why) {
  why = std::string("this build has no CUDA backend, as ") + CG_CUDA_ABSENT;
  return nullptr;
}

}  // namespace cg
