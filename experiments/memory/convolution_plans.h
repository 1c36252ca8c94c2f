// SPDX-License-Identifier: Apache-2.0
// The plans of a GPU for all convolutions of a network: which engine, with how much scratch. Needs no GPU.
#pragma once

#include <string>
#include <vector>

#include "autograd/tape.h"
#include "experiments/training/learner_options.h"
#include "tensor/backend/cuda_module.h"

namespace cg {

/// One direction of one convolution of a network.
struct PlanLine {
  std::string scope;  ///< "encoder.layer2.0.conv1"
  Shape x, w;
  DType dtype;
  ConvolutionMethod method;
};

/// "2=3 11=0": the numbers of an engine's settings in cuDNN, and their values.
std::string knobs_text(const ConvolutionMethod& method);

/// The plans of a step that was recorded in training mode (a meta tape is enough). `backend`: the module's backend, or
/// its planner for a device that need not exist here.
std::vector<PlanLine> convolution_plans(const Tape& recorded, const CudaModule& module, Backend& backend);

/// The plans of a training step of `subjects` subjects, computed from shapes alone.
std::vector<PlanLine> convolution_plans(const LearnerOptions& options, Index subjects, const CudaModule& module,
                                        Backend& backend);

/// A problem of a step, and how often the step computes it.
struct StepProblem {
  ConvolutionProblem problem;
  Index uses;
};

/// The different problems of a step, those with the most operations in a step first.
std::vector<StepProblem> step_problems(const std::vector<PlanLine>& plans);

/// The plans as a readable table.
std::string to_string(const std::vector<PlanLine>& plans);

}  // namespace cg
