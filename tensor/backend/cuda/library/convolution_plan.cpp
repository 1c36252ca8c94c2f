// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/library/convolution_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tensor/error.h"

namespace cg::cuda {
namespace {

constexpr std::int64_t x_id = 'x', w_id = 'w', y_id = 'y';

cudnnDataType_t cudnn_type(DType dtype) { return dtype == DType::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT; }

/// Our channels-last shape as cuDNN counts: channels second, the order in memory told by strides.
Descriptor describe_tensor(std::int64_t id, const Shape& shape, DType dtype) {
  const Index channels = shape[4], line = channels * shape[3], plane = line * shape[2];
  const std::vector<std::int64_t> sizes = {shape[0], channels, shape[1], shape[2], shape[3]};
  const std::vector<std::int64_t> strides = {plane * shape[1], 1, plane, line, channels};
  constexpr std::int64_t alignment = 16;
  Descriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
      .set(CUDNN_ATTR_TENSOR_DATA_TYPE, cudnn_type(dtype))
      .set(CUDNN_ATTR_TENSOR_DIMENSIONS, sizes)
      .set(CUDNN_ATTR_TENSOR_STRIDES, strides)
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment)
      .finalise();
  return tensor;
}

Descriptor describe_window(const ConvolutionProblem& p) {
  const std::vector<std::int64_t> padding(p.padding.begin(), p.padding.end()), stride(p.stride.begin(), p.stride.end());
  const std::vector<std::int64_t> dilation(3, 1);
  Descriptor window(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  window.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{3})
      .set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT)
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION)
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, padding)
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, padding)
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, dilation)
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, stride)
      .finalise();
  return window;
}

/// What cuDNN calls the parts of each direction's operation.
struct OperationNames {
  cudnnBackendDescriptorType_t operation;
  cudnnBackendAttributeName_t x, w, y, window, alpha, beta;
};
constexpr std::array<OperationNames, 3> operation_names = {{
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA},
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA},
}};

Descriptor describe_operation(const ConvolutionProblem& p) {
  const OperationNames& names = operation_names[static_cast<std::size_t>(p.direction)];
  Descriptor operation(names.operation);
  operation.set(names.x, describe_tensor(x_id, p.x, p.dtype))
      .set(names.w, describe_tensor(w_id, p.w, p.dtype))
      .set(names.y, describe_tensor(y_id, p.y, p.dtype))
      .set(names.window, describe_window(p))
      .set(names.alpha, 1.0f)
      .set(names.beta, p.adds ? 1.0f : 0.0f)
      .finalise();
  return operation;
}

EngineNotes notes_of(const Descriptor& engine) {
  const auto numerical = engine.get<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE);
  const auto behaviour = engine.get<cudnnBackendBehaviorNote_t>(CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE);
  const auto noted = [](const auto& notes, auto note) { return std::ranges::find(notes, note) != notes.end(); };
  return {.tensor_cores = noted(numerical, CUDNN_NUMERICAL_NOTE_TENSOR_CORE),
          .deterministic = !noted(numerical, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC),
          .exact = !noted(numerical, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS) &&
                   !noted(numerical, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION),
          .compiled = !noted(behaviour, CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION)};
}

std::vector<EngineKnob> knobs_of(const Descriptor& configuration) {
  std::vector<EngineKnob> knobs;
  for (const Descriptor& choice : configuration.get(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES,
                                                    CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, CUDNN_KNOB_TYPE_COUNTS))
    knobs.push_back({static_cast<int>(choice.get_one<cudnnBackendKnobType_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE)),
                     choice.get_one<std::int64_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE)});
  return knobs;
}

}  // namespace

ConvolutionPlan::ConvolutionPlan(Descriptor plan, int engine, std::vector<EngineKnob> knobs, const EngineNotes& notes)
    : plan_(std::move(plan)),
      engine_(engine),
      knobs_(std::move(knobs)),
      notes_(notes),
      workspace_(plan_.get_one<std::int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE)) {}

cudnnStatus_t ConvolutionPlan::run(cudnnHandle_t handle, void* x, void* w, void* y, void* workspace) const {
  const std::vector<std::int64_t> ids = {x_id, w_id, y_id};
  const std::vector<void*> pointers = {x, w, y};
  Descriptor arguments(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  arguments.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids)
      .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, pointers)
      .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace)
      .finalise();
  return cudnnBackendExecute(handle, plan_.raw(), arguments.raw());
}

ConvolutionPlanner::ConvolutionPlanner(const DeviceProperties& device, EngineRule rule, KnownEngines known)
    : rule_(std::move(rule)), known_(std::move(known)) {
  const std::string json = to_json(device);
  device_.emplace(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  device_->set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, std::span<const char>(json)).finalise();
}

const ConvolutionPlan& ConvolutionPlanner::plan(const ConvolutionProblem& problem) {
  if (const auto found = plans_.find(problem); found != plans_.end()) return found->second;
  auto made = make(problem);
  if (!made)
    fail(ErrorKind::device, "conv3d",
         fmt::format(
             "cuDNN has no engine that is both deterministic and exact enough for the {} in {} of {} and weights {}",
             name_of(problem.direction), name_of(problem.dtype), to_string(problem.x), to_string(problem.w)),
         "Choose another precision or model.width, or --device cpu.");
  return plans_.emplace(problem, std::move(*made)).first->second;
}

/// Nothing if cuDNN does not support the problem.
std::optional<Descriptor> ConvolutionPlanner::graph(const ConvolutionProblem& problem) const {
  Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, describe_operation(problem));
  if (handle_) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, handle_);
  return graph.try_finalise() ? std::optional(std::move(graph)) : std::nullopt;
}

/// Engines with knobs, in cuDNN's order; none if it has no heuristics of this mode.
std::vector<Descriptor> ConvolutionPlanner::proposals(const Descriptor& graph, cudnnBackendHeurMode_t mode) const {
  Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph).set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
  if (device_) heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *device_);
  if (!heuristics.try_finalise()) return {};
  return heuristics.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
}

std::optional<ConvolutionPlan> ConvolutionPlanner::make(const ConvolutionProblem& problem) const {
  const auto described = graph(problem);
  if (!described) return std::nullopt;
  std::string source = "heuristics";
  if (const auto known = known_.find(problem); known != known_.end()) {
    Verdict verdict = from_table(*described, known->second);
    if (verdict.plan) return std::move(verdict.plan);
    source += "; table refused: " + verdict.why;
  }
  for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK})
    for (const Descriptor& configuration : proposals(*described, mode))
      if (auto plan = accept(problem, configuration).plan) {
        plan->set_source(source);
        return plan;
      }
  return std::nullopt;
}

std::vector<ConvolutionPlan> ConvolutionPlanner::candidates(const ConvolutionProblem& problem) const {
  std::vector<ConvolutionPlan> plans;
  const auto add = [&](std::optional<ConvolutionPlan> plan) {
    const auto same = [&](const ConvolutionPlan& other) {
      return other.engine() == plan->engine() && other.knobs() == plan->knobs();
    };
    if (plan && std::ranges::none_of(plans, same)) plans.push_back(std::move(*plan));
  };
  const auto described = graph(problem);
  if (!described) return plans;
  for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_B, CUDNN_HEUR_MODE_FALLBACK})
    for (const Descriptor& configuration : proposals(*described, mode)) add(accept(problem, configuration).plan);
  if (const auto known = known_.find(problem); known != known_.end()) add(from_table(*described, known->second).plan);
  return plans;
}

/// cuDNN refuses unknown engines and knobs when the first descriptor with them is set or finalised.
ConvolutionPlanner::Verdict ConvolutionPlanner::from_table(const Descriptor& graph, const EngineEntry& entry) const {
  const auto refused = [&](const std::string& what) {
    return Verdict{std::nullopt, fmt::format("cuDNN has no engine {}{}", entry.engine, what)};
  };
  try {
    Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    engine.set(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph)
        .set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, static_cast<std::int64_t>(entry.engine));
    if (device_) engine.set(CUDNN_ATTR_ENGINE_DEVICEPROP, *device_);
    if (!engine.try_finalise()) return refused(" for this problem");
    std::vector<Descriptor> choices;
    std::vector<cudnnBackendDescriptor_t> raw;
    for (const EngineKnob& knob : entry.knobs) {
      Descriptor& choice = choices.emplace_back(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
      choice.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, static_cast<cudnnBackendKnobType_t>(knob.type))
          .set(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, std::int64_t{knob.value})
          .finalise();
      raw.push_back(choice.raw());
    }
    Descriptor configuration(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    configuration.set(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
    if (!raw.empty()) configuration.set(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, raw);
    if (!configuration.try_finalise()) return refused(" with knobs " + to_string(entry.knobs));
    Verdict verdict = accept(entry.problem, configuration);
    if (verdict.plan) verdict.plan->set_source("table");
    return verdict;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::memory) throw;
    return refused(fmt::format(" with knobs {} ({})", to_string(entry.knobs), error.found()));
  }
}

ConvolutionPlanner::Verdict ConvolutionPlanner::accept(const ConvolutionProblem& problem,
                                                       const Descriptor& configuration) const {
  const auto engines = configuration.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  const EngineNotes notes = notes_of(engines.at(0));
  const auto number = static_cast<int>(engines.at(0).get_one<std::int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX));
  const auto refused = [&](const char* why) { return Verdict{std::nullopt, fmt::format("engine {} {}", number, why)}; };
  if (!notes.deterministic) return refused("is not deterministic");
  if (!notes.exact) return refused("rounds inputs or sums");
  if (!notes.compiled) return refused("is compiled on first use");
  if (problem.dtype == DType::f32 && notes.tensor_cores) return refused("computes float32 in TF32");
  if (std::ranges::find(rule_.denied, EngineRule::Engine{problem.direction, number}) != rule_.denied.end())
    return refused("is denied");
  Descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
  if (handle_) plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, handle_);
  if (device_) plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *device_);
  if (!plan.try_finalise()) return refused("does not support this problem with these knobs");
  ConvolutionPlan accepted(std::move(plan), number, knobs_of(configuration), notes);
  if (accepted.workspace() > rule_.workspace_limit) return refused("needs more workspace than the limit");
  return {std::move(accepted)};
}

}  // namespace cg::cuda
