// SPDX-License-Identifier: Apache-2.0
// Loads libcortexgrad_cuda.so from the program's folder, or from bin/ beside it (the tests' folder), or from
// lib/cortexgrad/private/ beside it (an installed tree).
#include <dlfcn.h>

#include <filesystem>

#include "tensor/backend/cuda_module.h"

namespace cg {
namespace {

struct Loaded {
  const CudaModule* module = nullptr;
  std::string why;
};

Loaded load() {
  std::error_code none;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", none).parent_path();
  constexpr const char* name = "libcortexgrad_cuda.so";
  const auto prefix = folder.parent_path();
  for (const auto& place : {folder / name, prefix / "bin" / name, prefix / "lib/cortexgrad/private" / name}) {
    if (!std::filesystem::exists(place, none)) continue;
    void* library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) return {nullptr, "the CUDA backend cannot be loaded (" + std::string(dlerror()) + ")"};
    using Entry = const CudaModule* (*)();
    const auto entry = reinterpret_cast<Entry>(dlsym(library, "cortexgrad_cuda_module"));
    if (!entry) return {nullptr, place.string() + " is not this program's CUDA backend"};
    return {entry(), ""};
  }
  return {nullptr, std::string(name) + " is neither beside the program nor in ../lib/cortexgrad/private"};
}

}  // namespace

const CudaModule* cuda_module(std::string& why) {
  static const Loaded loaded = load();  // a library is loaded once in a process, whoever asks
  why = loaded.why;
  return loaded.module;
}

}  // namespace cg
