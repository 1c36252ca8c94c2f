// SPDX-License-Identifier: Apache-2.0
// The CUDA backend as a module of its own: what crosses its border. Needs the module's libraries, but no GPU.
#include <doctest/doctest.h>

#include "tensor/registry.h"
#include "tests/support/cuda.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("CUDA module: an error thrown in it is caught as ours, with its kind and its words") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  check_fails([&] { module->make_planner("abacus", {}); }, ErrorKind::usage, {"abacus", "H200"});
}

TEST_CASE("CUDA module: its kernels fill cells of the ops that the program knows, and add no op of their own") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  Registry registry = Registry::standard();
  const std::size_t ops = registry.rows().size();
  module->add_kernels(registry);
  CHECK(registry.rows().size() == ops);
  CHECK(registry.kernel<Conv3d>(Device::cuda, DType::bf16).workspace);
  CHECK(registry.kernel<Conv3d>(Device::cuda, DType::f32).backward);
}

TEST_CASE("CUDA module: a planner says the workspace of a convolution and refuses to compute, in words") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  const auto planner = module->make_planner("H200", {});
  CHECK(planner->device() == Device::cuda);
  CHECK(planner->traits().prefers_bfloat16);
  Registry registry;
  module->add_kernels(registry);
  const Conv3d stem{{2, 2, 2}, {3, 3, 3}};
  const std::vector<Spec> in = {{{2, 91, 109, 91, 1}, DType::bf16}, {{64, 7, 7, 7, 1}, DType::f32}};
  const Workspace asked = registry.kernel<Conv3d>(Device::cuda, DType::bf16).workspace(&stem, {in, 0b10, *planner});
  CHECK(asked.forward >= Index{2} * 49 * 58 * 46 * 32 * 2);  // the packed volumes
  CHECK(asked.backward >= Index{2} * 49 * 58 * 46 * 32 * 2);
  check_fails([&] { planner->allocate(1); }, ErrorKind::device, {"this backend only plans for NVIDIA H200"});
}

TEST_CASE("CUDA module: a planner has no memory to measure, and its engines give their knobs") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  const auto planner = module->make_planner("H200", {});
  check_fails([&] { module->make_meter(*planner); }, ErrorKind::device, {"NVIDIA H200", "is used for planning only"});
  const Conv3d op{{1, 1, 1}, {1, 1, 1}};
  const auto methods =
      module->convolution_methods(*planner, op, {32, 23, 28, 23, 64}, {64, 3, 3, 3, 64}, DType::bf16, 0b11, 0);
  REQUIRE(methods.size() == 3);
  for (const ConvolutionMethod& method : methods) CHECK_FALSE(method.knobs.empty());
}

TEST_CASE("CUDA module: an engine that is denied, or asks for more than the limit, is not chosen") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  const Conv3d op{{1, 1, 1}, {1, 1, 1}};
  const Shape x = {32, 23, 28, 23, 64}, w = {64, 3, 3, 3, 64};
  const auto forward = [&](const EngineRule& rule, DType dtype) {
    const auto planner = module->make_planner("H200", rule);
    return module->convolution_methods(*planner, op, x, w, dtype, 0, 0).at(0);
  };
  const ConvolutionMethod free = forward({}, DType::bf16);
  const ConvolutionMethod second = forward(
      {.workspace_limit = EngineRule{}.workspace_limit, .denied = {{Direction::forward, free.engine}}}, DType::bf16);
  CHECK(second.engine != free.engine);
  const ConvolutionMethod other_direction =
      forward({.workspace_limit = EngineRule{}.workspace_limit, .denied = {{Direction::data_gradient, free.engine}}},
              DType::bf16);
  CHECK(other_direction.engine == free.engine);
  const ConvolutionMethod large = forward({}, DType::f32),
                          small = forward({.workspace_limit = Index{1} << 20}, DType::f32);
  REQUIRE(large.engine_workspace > Index{1} << 20);
  CHECK(small.engine_workspace <= Index{1} << 20);
}

TEST_CASE("CUDA module: its description names toolkit, cuDNN and architectures; without it the reason is in words") {
  std::string why;
  const bool there = cuda_module(why) != nullptr;
  const std::string text = cuda_description();
  CAPTURE(text);
  CHECK(text.starts_with("none: ") == !there);
  if (there)
    for (const char* word : {"CUDA ", "cuDNN ", "architectures "}) CHECK(text.find(word) != std::string::npos);
  else
    CHECK(text.ends_with(why));
  CHECK(why.empty() == there);
}
