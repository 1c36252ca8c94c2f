// SPDX-License-Identifier: Apache-2.0
// What tests of the CUDA backend need: the module, and a device. Where there is none they say so and are counted.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "tensor/backend/cuda_module.h"

namespace cg::test {

/// The loaded module; null, with the words that mark a skipped test, where this build has none.
inline const CudaModule* module_or_skip() {
  std::string why;
  const CudaModule* module = cuda_module(why);
  if (!module) MESSAGE("[skipped: " << why << "]");
  return module;
}

/// The first GPU; null, with the words that mark a skipped test, where there is none.
inline std::unique_ptr<Backend> device_or_skip() {
  std::string why;
  auto device = make_cuda_backend(why);
  if (!device) MESSAGE("[skipped: " << why << "]");
  return device;
}

}  // namespace cg::test
