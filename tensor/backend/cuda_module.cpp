// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda_module.h"

#include <dlfcn.h>

namespace cg {

bool has_cuda_driver() {
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);  // stays loaded: the module needs it next
  return driver != nullptr;
}

void add_cuda_kernels(Registry& registry) {
  std::string why;
  if (!has_cuda_driver()) return;
  if (const CudaModule* module = cuda_module(why)) module->add_kernels(registry);
}

std::unique_ptr<Backend> make_cuda_backend(std::string& why) {
  if (!has_cuda_driver()) {
    why = "this machine has no NVIDIA driver (libcuda.so.1)";
    return nullptr;
  }
  const CudaModule* module = cuda_module(why);
  return module ? module->make_backend({}, why) : nullptr;
}

std::string cuda_description() {
  std::string why;
  const CudaModule* module = cuda_module(why);
  return module ? module->description() : "none: " + why;
}

}  // namespace cg
