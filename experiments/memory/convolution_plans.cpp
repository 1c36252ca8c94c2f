// SPDX-License-Identifier: Apache-2.0
#include "experiments/memory/convolution_plans.h"

#include <fmt/format.h>

#include <typeindex>

#include "autograd/context.h"
#include "experiments/training/network.h"
#include "tensor/ops/conv3d.h"

namespace cg {

std::vector<PlanLine> convolution_plans(const Tape& recorded, const CudaModule& module, Backend& backend) {
  std::vector<PlanLine> lines;
  for (const Node& node : recorded.nodes()) {
    if (node.op.type != std::type_index(typeid(Conv3d))) continue;
    const auto specs = node.specs();
    const auto& op = *static_cast<const Conv3d*>(node.op.op.get());
    for (const ConvolutionMethod& method : module.convolution_methods(backend, op, specs[0].shape, specs[1].shape,
                                                                      specs[0].dtype, node.wanted_gradients()))
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

std::string knobs_text(const ConvolutionMethod& method) {
  std::string text;
  for (const EngineKnob& knob : method.knobs)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", knob.type, knob.value);
  return text;
}

std::string to_string(const std::vector<PlanLine>& plans) {
  constexpr double mib = 1 << 20;
  std::string text =
      fmt::format("{:<31}{:<16}{:<10}{:<24}{:<22}{:<8}{:<14}{:<11}{:>12}{:>13}  {}\n", "convolution", "direction",
                  "type", "input", "weights", "engine", "units", "same bits", "engine MiB", "scratch MiB", "knobs");
  for (const PlanLine& line : plans) {
    const ConvolutionMethod& method = line.method;
    text +=
        fmt::format("{:<31}{:<16}{:<10}{:<24}{:<22}{:<8}{:<14}{:<11}{:>12.1f}{:>13.1f}  {}\n", line.scope,
                    name_of(method.direction), name_of(line.dtype), to_string(line.x), to_string(line.w), method.engine,
                    method.notes.tensor_cores ? "tensor cores" : "float32",
                    method.notes.deterministic ? "always" : "no", static_cast<double>(method.engine_workspace) / mib,
                    static_cast<double>(method.workspace) / mib, knobs_text(method));
  }
  return text;
}

}  // namespace cg
