// SPDX-License-Identifier: Apache-2.0
// GPUs that need not exist here: known by name, or described by three numbers; those that the build does not run on.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tensor/backend/cuda_module.h"
#include "tests/support/cuda.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

/// The line that describes a planned device, or the reason why it is refused.
std::string described(const CudaModule& module, const std::string& name) {
  return module.make_planner(name, {})->traits().description;
}

}  // namespace

TEST_CASE("planned devices: by the end of a name, with or without spaces") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  for (const char* name : {"RTX 4090", "RTX4090", "4090", "GeForce RTX 4090"})
    CHECK(described(*module, name).starts_with("NVIDIA GeForce RTX 4090, 128 multiprocessors, 26 GB, sm_89"));
  CHECK(described(*module, "A100").starts_with("NVIDIA A100, 108 multiprocessors"));
  CHECK(described(*module, "L4").starts_with("NVIDIA L4, 58 multiprocessors"));
  CHECK(described(*module, "L40S").starts_with("NVIDIA L40S"));
  CHECK(described(*module, "T4").starts_with("NVIDIA T4, 40 multiprocessors, 16 GB, sm_75"));
  for (const char* name : {"", "X 4090", "090", "NVIDIA A100"})
    check_fails([&] { module->make_planner(name, {}); }, ErrorKind::usage, {"properties", "RTX 4090", "8.6:82:24"});
}

TEST_CASE("planned devices: by compute capability, multiprocessors and memory") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  CHECK(described(*module, "8.6:46:12")
            .starts_with("a GPU with compute capability 8.6 and 46 multiprocessors, 46 multiprocessors, 12 GB, sm_86"));
  for (const char* text : {"8.6", "8.6:82", "8.6:0:24", "8.6:82:24:1", "8.6:82:24 ", "8.6:82:0", "a.6:82:24"})
    check_fails([&] { module->make_planner(text, {}); }, ErrorKind::usage, {"properties"});
}

TEST_CASE("planned devices: those that the build has no code for are refused") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  for (const char* name : {"V100", "7.0:80:32"})
    check_fails([&] { module->make_planner(name, {}); }, ErrorKind::usage, {"compute capability 7", "was built for"});
}
