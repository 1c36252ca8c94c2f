#include "experiments/runner/convolution_plans.h"

#include <fmt/format.h>

#include <typeindex>

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

std::string to_string(const std::vector<PlanLine>& plans) {
  constexpr double mib = 1 << 20;
  std::string text = fmt::format("{:<31}{:<24}{:<22}{:<17}{:<8}{:<14}{:>12}{:>13}\n", "convolution", "input", "weights",
                                 "direction", "engine", "units", "engine MiB", "scratch MiB");
  for (const PlanLine& line : plans)
    text += fmt::format(
        "{:<31}{:<24}{:<22}{:<17}{:<8}{:<14}{:>12.1f}{:>13.1f}\n", line.scope, to_string(line.x), to_string(line.w),
        name_of(line.method.direction), line.method.engine, line.method.notes.tensor_cores ? "tensor cores" : "float32",
        static_cast<double>(line.method.engine_workspace) / mib, static_cast<double>(line.method.workspace) / mib);
  return text;
}

}  // namespace cg
