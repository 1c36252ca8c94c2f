// SPDX-License-Identifier: Apache-2.0
// The plans of all convolutions of the real network, built without a GPU for the properties of several GPUs.
#include "experiments/memory/convolution_plans.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "layers/model.h"
#include "tensor/ops/conv3d.h"
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

TEST_CASE("convolution plans: the problems of a step, with their number and those that add, the most expensive first") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  const auto planner = module->make_planner("H200", {});
  const auto plans = plans_of_network(*module, *planner, 32, DType::bf16);
  // A block's input has two consumers. The one that is recorded first comes last in the backward pass, and adds: the
  // convolution of the shortcut where there is one, else the block's first convolution.
  const auto has_shortcut = [](const std::string& scope) {
    return scope.find(".0.") != std::string::npos && !scope.starts_with("encoder.layer1.");
  };
  for (const PlanLine& line : plans) {
    CAPTURE(line.scope);
    const bool first = line.scope.ends_with(has_shortcut(line.scope) ? ".downsample.0" : ".conv1");
    const bool adds = first && line.method.direction == Direction::data_gradient;
    REQUIRE(line.method.problems.size() == 1);
    CHECK(line.method.problems[0].adds == adds);
    CHECK(line.method.source == "heuristics");
  }
  const auto problems = step_problems(plans);
  Index uses = 0;
  for (std::size_t k = 0; k < problems.size(); ++k) {
    uses += problems[k].uses;
    const auto cost = [&](std::size_t j) {
      return static_cast<double>(problems[j].uses) * operations(problems[j].problem);
    };
    if (k > 0) CHECK(cost(k) <= cost(k - 1));
    for (std::size_t j = 0; j < k; ++j) CHECK(problems[k].problem != problems[j].problem);
  }
  CHECK(uses == 3 * 20 - 1);
  // Layer 1: four equal convolutions of 23·28·23·64 outputs with 27·64 products each.
  CHECK(problems[0].uses == 4);
  CHECK(problems[0].problem.x == Shape{32, 23, 28, 23, 64});
  CHECK(operations(problems[0].problem) == 2.0 * 32 * 23 * 28 * 23 * 64 * 27 * 64);
}

TEST_CASE("convolution plans: a batch that is computed in parts has a problem for each size of part") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  const auto planner = module->make_planner("H200", {});
  const Conv3d op{{1, 1, 1}, {1, 1, 1}};
  const Shape w = {64, 3, 3, 3, 64};
  const auto methods = module->convolution_methods(*planner, op, {5, 200, 200, 200, 64}, w, DType::bf16, 0b01, 0b01);
  REQUIRE(methods.size() == 2);
  for (const ConvolutionMethod& method : methods) {
    REQUIRE(method.problems.size() == 2);
    CHECK(method.problems[0].x[0] + method.problems[1].x[0] == 5);
    CHECK(method.problems[0].x[0] > method.problems[1].x[0]);
    CHECK(count(method.problems[0].x) < Index{1} << 31);
  }
}
