// How a GPU would compute every convolution of a network: which engine, with how much scratch. Needs no GPU.
#pragma once

#include <string>
#include <vector>

#include "autograd/tape.h"
#include "tensor/backend/cuda_module.h"

namespace cg {

/// One direction of one convolution of a network.
struct PlanLine {
  std::string scope;  ///< "encoder.layer2.0.conv1"
  Shape x, w;
  DType dtype;
  ConvolutionMethod method;
};

/// The plans of a step recorded in training mode (a meta tape will do). `backend`: the module's own, or its planner for
/// a device that need not be there.
std::vector<PlanLine> convolution_plans(const Tape& recorded, const CudaModule& module, Backend& backend);

/// A table for people.
std::string to_string(const std::vector<PlanLine>& plans);

}  // namespace cg
