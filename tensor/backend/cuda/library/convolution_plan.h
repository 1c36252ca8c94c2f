// SPDX-License-Identifier: Apache-2.0
// Which of cuDNN's engines computes a convolution. The choice follows from shapes and a fixed rule, never from timing,
// so that the same run gives the same bits. It is the first engine in cuDNN's order (heuristics, mode A) that
//   is deterministic · computes in the requested precision: bfloat16 with float32 sums, float32 without TF32 ·
//   is compiled in advance · needs no more than the workspace limit · is not denied by EngineRule.
// Read next: cudnn_graph.h, convolution_problem.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tensor/backend/cuda/device/device_properties.h"
#include "tensor/backend/cuda/library/convolution_problem.h"
#include "tensor/backend/cuda/library/cudnn_graph.h"

namespace cg::cuda {

/// An engine with its settings, ready to run.
class ConvolutionPlan {
 public:
  ConvolutionPlan(Descriptor plan, int engine, std::vector<EngineKnob> knobs, const EngineNotes& notes);
  int engine() const { return engine_; }
  const std::vector<EngineKnob>& knobs() const { return knobs_; }
  const EngineNotes& notes() const { return notes_; }
  Index workspace() const { return workspace_; }

  /// Enqueues it on the handle's stream. Of x, w and y, the direction's result is written and the others are read. All
  /// are aligned to 16 bytes, and so is the workspace.
  cudnnStatus_t run(cudnnHandle_t handle, void* x, void* w, void* y, void* workspace) const;

 private:
  Descriptor plan_;
  int engine_;
  std::vector<EngineKnob> knobs_;
  EngineNotes notes_;
  Index workspace_;
};

/// Creates plans and keeps them.
class ConvolutionPlanner {
 public:
  /// For the handle's device.
  ConvolutionPlanner(cudnnHandle_t handle, EngineRule rule) : rule_(std::move(rule)), handle_(handle) {}
  /// For a device that may be absent.
  ConvolutionPlanner(const DeviceProperties& device, EngineRule rule);

  /// Errors: device, if cuDNN has no engine that the rule allows; memory.
  const ConvolutionPlan& plan(const ConvolutionProblem& problem);

 private:
  std::optional<ConvolutionPlan> make(const ConvolutionProblem& problem) const;
  std::optional<ConvolutionPlan> accept(const ConvolutionProblem& problem, const Descriptor& configuration) const;

  EngineRule rule_;
  cudnnHandle_t handle_ = nullptr;
  std::optional<Descriptor> device_;  // in the handle's place, where there is no device
  std::map<ConvolutionProblem, ConvolutionPlan> plans_;
};

}  // namespace cg::cuda
