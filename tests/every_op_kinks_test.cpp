// SPDX-License-Identifier: Apache-2.0
// Which branch an op takes where its derivative has two candidates, on every device in every type.
// The points, and what is expected there, are in tests/tensor/ops.
#include <doctest/doctest.h>

#include "tests/support/kinks.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("kinks: at zero, between equal values and at a row of zeros every kernel takes the branch it should") {
  int compared = 0;
  for (const auto& [device, backend] : backends_here())
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16}) {
      if (device == Device::cuda && dtype == DType::f64) continue;  // computes in float32 and bfloat16 only
      for (const auto& [op, tests] : op_tests())
        for (const Kink& kink : tests.kinks) {
          CAPTURE(name_of(device));
          CAPTURE(name_of(dtype));
          CAPTURE(op);
          CHECK(kink_complaint({Registry::standard(), *backend, dtype}, kink) == "");
          ++compared;
        }
    }
  CHECK(compared >= 6 * 12);
}
