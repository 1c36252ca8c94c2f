// SPDX-License-Identifier: Apache-2.0
#include "experiments/memory/convolution_plans.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <typeindex>

#include "autograd/context.h"
#include "experiments/training/network.h"
#include "tensor/ops/conv3d.h"

namespace cg {

namespace {

/// Bit 0: the node's backward adds the gradient of its input to that of a consumer, whose backward runs before.
unsigned adds_of(const std::vector<Node>& nodes, std::size_t at) {
  const int input = nodes[at].inputs[0].node;
  for (std::size_t k = at + 1; k < nodes.size(); ++k)
    for (const Variable& other : nodes[k].inputs)
      if (input >= 0 && other.node == input && other.needs_gradient) return 1;
  return 0;
}

}  // namespace

std::vector<PlanLine> convolution_plans(const Tape& recorded, const CudaModule& module, Backend& backend) {
  std::vector<PlanLine> lines;
  for (std::size_t k = 0; k < recorded.nodes().size(); ++k) {
    const Node& node = recorded.nodes()[k];
    if (node.op.type != std::type_index(typeid(Conv3d))) continue;
    const auto specs = node.specs();
    const auto& op = *static_cast<const Conv3d*>(node.op.op.get());
    for (const ConvolutionMethod& method :
         module.convolution_methods(backend, op, specs[0].shape, specs[1].shape, specs[0].dtype,
                                    node.wanted_gradients(), adds_of(recorded.nodes(), k)))
      lines.push_back({node.scope, specs[0].shape, specs[1].shape, specs[0].dtype, method});
  }
  return lines;
}

std::vector<PlanLine> convolution_plans(const LearnerOptions& options, Index subjects, const CudaModule& module,
                                        Backend& backend) {
  MetaBackend meta;
  Network network(options);
  ParameterStore store(meta, options.parameters, network.parameters());
  Tape tape(meta);
  Context ctx(tape, true);
  network.forward(ctx, constant(meta.tensor(options.batch_spec(subjects, options.encoded_views))));
  return convolution_plans(tape, module, backend);
}

std::vector<StepProblem> step_problems(const std::vector<PlanLine>& plans) {
  std::vector<StepProblem> all;
  for (const PlanLine& line : plans)
    for (const ConvolutionProblem& problem : line.method.problems) {
      const auto found = std::ranges::find(all, problem, &StepProblem::problem);
      if (found != all.end())
        ++found->uses;
      else
        all.push_back({problem, 1});
    }
  const auto cost = [](const StepProblem& p) { return static_cast<double>(p.uses) * operations(p.problem); };
  std::ranges::stable_sort(all, std::ranges::greater(), cost);
  return all;
}

std::string knobs_text(const ConvolutionMethod& method) {
  std::string text;
  for (const EngineKnob& knob : method.knobs)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", knob.type, knob.value);
  return text;
}

std::string to_string(const std::vector<PlanLine>& plans) {
  constexpr double mib = 1 << 20;
  std::string text = fmt::format("{:<31}{:<16}{:<6}{:<10}{:<24}{:<22}{:<8}{:<14}{:<11}{:>12}{:>13}  {:<28}  {}\n",
                                 "convolution", "direction", "adds", "type", "input", "weights", "engine", "units",
                                 "same bits", "engine MiB", "scratch MiB", "knobs", "source");
  for (const PlanLine& line : plans) {
    const ConvolutionMethod& method = line.method;
    text += fmt::format(
        "{:<31}{:<16}{:<6}{:<10}{:<24}{:<22}{:<8}{:<14}{:<11}{:>12.1f}{:>13.1f}  {:<28}  {}\n", line.scope,
        name_of(method.direction), method.problems.at(0).adds ? "yes" : "no", name_of(line.dtype), to_string(line.x),
        to_string(line.w), method.engine, method.notes.tensor_cores ? "tensor cores" : "float32",
        method.notes.deterministic ? "always" : "no", static_cast<double>(method.engine_workspace) / mib,
        static_cast<double>(method.workspace) / mib, knobs_text(method), method.source);
  }
  return text;
}

}  // namespace cg
