// SPDX-License-Identifier: Apache-2.0
// The memory of a step on a GPU compared with its plan.
#include <doctest/doctest.h>

#include "experiments/memory/memory_measure.h"
#include "experiments/training/step_memory.h"
#include "losses/dynlocrep.h"
#include "tests/support/cuda.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("memory of a GPU: a step uses the planned memory within five percent, by CUDA and by NVML") {
  const auto device = device_or_skip();
  if (!device) return;
  for (const DType type : {DType::bf16, DType::f32}) {
    LearnerOptions options;
    options.volume = {91, 109, 91};
    options.activations = type;
    constexpr Index subjects = 16;
    LossOptions loss;
    loss.own.of<DynLocRep>().final_neighbours = 4;
    const Index planned = StepPlanner(options, *device).memory(subjects).total();
    const MeasuredMemory measured = measure_step(*device, options, loss, subjects);
    MESSAGE(name_of(type), ": planned ", planned, ", by CUDA ", measured.above(), ", by NVML ",
            measured.above_by_nvml());
    // Memory is allocated in pieces of 2 MB; cuDNN and the runtime keep a small amount for a step.
    CHECK(static_cast<double>(measured.above()) == doctest::Approx(static_cast<double>(planned)).epsilon(0.05));
    if (measured.peak_by_nvml > 0)
      CHECK(static_cast<double>(measured.above_by_nvml()) ==
            doctest::Approx(static_cast<double>(planned)).epsilon(0.05));
  }
}
