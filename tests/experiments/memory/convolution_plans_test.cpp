// SPDX-License-Identifier: Apache-2.0
// The plans of all convolutions of the real network, built without a GPU for the properties of several GPUs.
#include "experiments/memory/convolution_plans.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "layers/model.h"
#include "tests/support/cuda.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

/// The plans of a training step of the paper's network on maps of 91×109×91.
std::vector<PlanLine> plans_of_network(const CudaModule& module, Backend& planner, Index batch, DType activations) {
  MetaBackend meta;
  Model model{ModelOptions{}};
  ParameterStore store(meta, DType::f32, model.parameters());
  Tape tape(meta);
  Context ctx(tape, true);
  model.forward(ctx, constant(meta.tensor({{batch, 91, 109, 91, 1}, DType::f32})), activations);
  return convolution_plans(tape, module, planner);
}

}  // namespace

TEST_CASE("convolution plans: all layers of the real network have a deterministic and precise engine") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  const EngineRule rule;
  for (const char* device : {"H200", "H100", "A100"})
    for (const DType dtype : {DType::bf16, DType::f32})
      for (const Index batch : {32, 24}) {
        const auto planner = module->make_planner(device, rule);
        const auto plans = plans_of_network(*module, *planner, batch, dtype);
        MESSAGE(planner->traits().description, ", ", name_of(dtype), ", batch ", batch, "\n", to_string(plans));
        CHECK(plans.size() == 3 * 20 - 1);  // the stem has no gradient of its input
        for (const PlanLine& line : plans) {
          CAPTURE(line.scope);
          CAPTURE(name_of(line.method.direction));
          const ConvolutionMethod& method = line.method;
          CHECK(method.notes.deterministic);
          CHECK(method.notes.exact);
          CHECK(method.notes.compiled);
          CHECK(method.notes.tensor_cores == (dtype == DType::bf16));
          CHECK(method.engine_workspace <= rule.workspace_limit);
          CHECK(method.workspace >= method.engine_workspace);
        }
      }
}
