// SPDX-License-Identifier: Apache-2.0
// The engines of a problem on a GPU. Without one: engines_test.cpp.
#include <doctest/doctest.h>

#include <string>

#include "tensor/backend/engine_sweep.h"
#include "tests/support/cuda.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("engine candidates: on a device they are timed, agree, and repeat their bits") {
  const auto device = device_or_skip();
  if (!device) return;
  std::string why;
  const CudaModule& module = *cuda_module(why);
  const Conv3d op{{1, 1, 1}, {1, 1, 1}};
  for (const DType dtype : {DType::bf16, DType::f32})
    for (const auto& method :
         module.convolution_methods(*device, op, {4, 11, 14, 11, 64}, {64, 3, 3, 3, 64}, dtype, 0b11, 0b01)) {
      CAPTURE(name_of(method.direction));
      const auto all = module.make_sweep(*device, method.problems[0]);
      const SweptProblem swept = sweep(*all, [] { return true; });
      for (const MeasuredEngine& engine : swept.measured) {
        CAPTURE(engine.entry.engine);
        CAPTURE(engine.timing.failure);
        if (!engine.timing.failure.empty() || engine.timing.slow) continue;
        CHECK(engine.timing.milliseconds > 0);
        CHECK(engine.timing.equal_bits);
        CHECK(engine.timing.error_to_first <= largest_error(dtype));
      }
      CHECK(swept.chosen);
    }
}
