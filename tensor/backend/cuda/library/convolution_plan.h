// SPDX-License-Identifier: Apache-2.0
// Which of cuDNN's engines computes a convolution. The choice follows from shapes, a table and a fixed rule, never from
// timing in the run, so that the same run gives the same bits. It is the table's engine, or without one the first in
// cuDNN's order (heuristics, mode A), that
//   is deterministic · computes in the requested precision: bfloat16 with float32 sums, float32 without TF32 ·
//   is compiled in advance · needs no more than the workspace limit · is not denied by EngineRule.
// Read next: cudnn_graph.h, tensor/backend/engine_table.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tensor/backend/cuda/device/device_properties.h"
#include "tensor/backend/cuda/library/cudnn_graph.h"
#include "tensor/backend/engine_table.h"

namespace cg::cuda {

/// An engine with its settings, ready to run.
class ConvolutionPlan {
 public:
  ConvolutionPlan(Descriptor plan, int engine, std::vector<EngineKnob> knobs, const EngineNotes& notes);
  int engine() const { return engine_; }
  const std::vector<EngineKnob>& knobs() const { return knobs_; }
  const EngineNotes& notes() const { return notes_; }
  Index workspace() const { return workspace_; }
  const std::string& source() const { return source_; }  ///< as ConvolutionMethod::source
  void set_source(std::string source) { source_ = std::move(source); }

  /// Enqueues it on the handle's stream. Of x, w and y, the direction's result is written and the others are read. All
  /// are aligned to 16 bytes, and so is the workspace.
  cudnnStatus_t run(cudnnHandle_t handle, void* x, void* w, void* y, void* workspace) const;

 private:
  Descriptor plan_;
  int engine_;
  std::vector<EngineKnob> knobs_;
  EngineNotes notes_;
  Index workspace_;
  std::string source_ = "heuristics";
};

/// The entries of tables for a device and this version of cuDNN.
using KnownEngines = std::map<ConvolutionProblem, EngineEntry>;

/// Creates plans and keeps them.
class ConvolutionPlanner {
 public:
  /// For the handle's device.
  ConvolutionPlanner(cudnnHandle_t handle, EngineRule rule, KnownEngines known)
      : rule_(std::move(rule)), known_(std::move(known)), handle_(handle) {}
  /// For a device that may be absent.
  ConvolutionPlanner(const DeviceProperties& device, EngineRule rule, KnownEngines known);

  /// Errors: device, if cuDNN has no engine that the rule allows; memory.
  const ConvolutionPlan& plan(const ConvolutionProblem& problem);

  /// All engines that the rule allows, each with the knobs that cuDNN proposes; the first is the heuristics' choice.
  /// The table's engine is the last if cuDNN does not propose it.
  std::vector<ConvolutionPlan> candidates(const ConvolutionProblem& problem) const;

 private:
  /// A plan, or why the engine is refused.
  struct Verdict {
    std::optional<ConvolutionPlan> plan;
    std::string why = "";
  };
  std::optional<Descriptor> graph(const ConvolutionProblem& problem) const;
  std::vector<Descriptor> proposals(const Descriptor& graph, cudnnBackendHeurMode_t mode) const;
  std::optional<ConvolutionPlan> make(const ConvolutionProblem& problem) const;
  Verdict from_table(const Descriptor& graph, const EngineEntry& entry) const;
  Verdict accept(const ConvolutionProblem& problem, const Descriptor& configuration) const;

  EngineRule rule_;
  KnownEngines known_;
  cudnnHandle_t handle_ = nullptr;
  std::optional<Descriptor> device_;  // in the handle's place, where there is no device
  std::map<ConvolutionProblem, ConvolutionPlan> plans_;
};

}  // namespace cg::cuda
