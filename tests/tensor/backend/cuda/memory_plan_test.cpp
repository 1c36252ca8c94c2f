// SPDX-License-Identifier: Apache-2.0
// A training step's memory on a GPU that is not there: every op of the network has a kernel, and the kernels' scratch
// is part of the plan.
#include <doctest/doctest.h>

#include "layers/model.h"
#include "tests/support/cuda.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("memory plan of a GPU: the real network at batch 32, with the scratch of cuDNN's engines") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  Registry registry = Registry::standard();
  module->add_kernels(registry);
  MetaBackend meta;
  Model model{ModelOptions{}};
  ParameterStore store(meta, DType::f32, model.parameters());
  for (const DType type : {DType::bf16, DType::f32}) {
    const auto planner = module->make_planner("H200", {});
    Tape tape(meta, registry);
    Context ctx(tape, true, 2);
    const Variable x = constant(meta.tensor({{32, 91, 109, 91, 1}, DType::f32}));
    const MemoryPlan plan(tape, {model.forward(ctx, x, type).embeddings}, true, registry, *planner);
    MESSAGE(planner->traits().description, ", ", name_of(type), ": arena ", plan.arena_bytes() / 1000000, " MB, alive ",
            plan.live_bytes() / 1000000, " MB");
    // More is lost in float32, with engines that ask for hundreds of MB (docs/profile-memory.md).
    CHECK(plan.percent_lost() <= (type == DType::bf16 ? 10 : 15));
    Index stem = 0;
    for (const Buffer& buffer : plan.buffers())
      if (buffer.scope == "encoder.conv1" && buffer.role == Role::forward_workspace) stem = buffer.bytes;
    const Index packed = Index{32} * 49 * 58 * 46 * 32 * size_of(DType::bf16);
    CHECK((stem >= packed) == (type == DType::bf16));
  }
}
