// The CUDA backend stands in a module of its own, libcortexgrad_cuda.so beside the programs, which is loaded when the
// program runs: the same program works on machines without NVIDIA's libraries. This header is all that both sides
// share. Errors thrown in the module are caught in the program: both compare types by name.
// Read next: cuda/module.cpp (the other side), cuda_loader.cpp.
#pragma once

#include <memory>
#include <string>

#include "tensor/backend.h"
#include "tensor/registry.h"

namespace cg {

/// What the module offers. It is never unloaded.
struct CudaModule {
  void (*add_kernels)(Registry&) = nullptr;
  /// Errors: device, where none is there or its driver is too old.
  std::unique_ptr<Backend> (*make_backend)() = nullptr;
  std::string (*description)() = nullptr;  ///< versions and architectures
};

/// The module, loaded at the first call; null where it cannot be: `why` then says so in words.
const CudaModule* cuda_module(std::string& why);

/// Whether NVIDIA's driver is on this machine. Without it nobody needs the module, whose libraries are slow to load.
bool has_cuda_driver();

}  // namespace cg
