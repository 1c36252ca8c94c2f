// SPDX-License-Identifier: Apache-2.0
#include "experiments/memory/memory_json.h"

#include <nlohmann/json.hpp>

namespace cg {
namespace {

using Json = nlohmann::ordered_json;

Json layers_json(const MemoryProfile& profile) {
  Json all = Json::array();
  for (const LayerMemory& layer : profile.layers)
    all.push_back({{"layer", layer.name},
                   {"parameters", layer.fixed.parameters},
                   {"gradients", layer.fixed.gradients},
                   {"adam", layer.fixed.adam},
                   {"kept", layer.kept},
                   {"scratch", layer.scratch},
                   {"at_peak", layer.at_peak}});
  return all;
}

Json plans_json(const std::vector<PlanLine>& plans) {
  Json all = Json::array();
  for (const PlanLine& line : plans) {
    const ConvolutionMethod& method = line.method;
    Json knobs = Json::object();
    for (const EngineKnob& knob : method.knobs) knobs[std::to_string(knob.type)] = knob.value;
    all.push_back({{"layer", line.scope},
                   {"direction", name_of(method.direction)},
                   {"adds", method.problems.at(0).adds},
                   {"type", name_of(line.dtype)},
                   {"input", line.x},
                   {"weights", line.w},
                   {"engine", method.engine},
                   {"knobs", knobs},
                   {"source", method.source},
                   {"tensor_cores", method.notes.tensor_cores},
                   {"deterministic", method.notes.deterministic},
                   {"engine_workspace", method.engine_workspace},
                   {"workspace", method.workspace}});
  }
  return all;
}

Json measured_json(const MeasuredMemory& measured) {
  Json out = {{"baseline", measured.baseline}, {"peak", measured.peak}, {"above_baseline", measured.above()}};
  if (measured.peak_by_nvml > 0)
    out["nvml"] = {{"baseline", measured.baseline_by_nvml},
                   {"peak", measured.peak_by_nvml},
                   {"above_baseline", measured.above_by_nvml()}};
  out["beside"] = measured.beside;
  out["seconds_of_step"] = measured.seconds;
  return out;
}

}  // namespace

std::string memory_json(const StepMemory& memory, const StepDescription& step, const std::vector<PlanLine>& plans,
                        const std::optional<MeasuredMemory>& measured, const std::string& properties) {
  const FixedMemory fixed = memory.fixed_sum();
  Json out = {{"config", step.config},
              {"batch", memory.subjects},
              {"volume", step.volume},
              {"device", step.device},
              {"activations", name_of(step.activations)},
              {"planned",
               {{"arena", memory.plan.arena_bytes()},
                {"alive_at_peak", memory.plan.live_bytes()},
                {"parameters", fixed.parameters},
                {"gradients", fixed.gradients},
                {"adam", fixed.adam},
                {"volumes", memory.volumes},
                {"total", memory.total()},
                {"beside", step.beside}}},
              {"free", step.free},
              {"layers", layers_json(profile(memory))}};
  if (!plans.empty()) out["convolution_plans"] = plans_json(plans);
  if (measured) out["measured"] = measured_json(*measured);
  const Json parsed = Json::parse(properties, nullptr, false);
  if (!properties.empty()) out["device_properties"] = parsed.is_discarded() ? Json(properties) : parsed;
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cg
