// SPDX-License-Identifier: Apache-2.0
// NaN and infinity in every kernel of the host's devices and of a GPU, against the reference in double. That the
// reference lets NaN pass to all that depends on it: every_op_test.cpp. The CUDA kernels on the host:
// tensor/backend/cuda/ops/kernels_test.cpp. Whether a swallowed NaN would be noticed: every_op_faults_test.cpp.
#include <doctest/doctest.h>
#include <omp.h>

#include "tests/support/not_finite.h"

using namespace cg;
using namespace cg::test;

TEST_CASE(
    "not finite: NaN passes through every kernel to the results that depend on it, infinity does not end as a number") {
  omp_set_num_threads(1);  // the volumes are tiny
  for (const auto& [device, backend] : backends_here()) {
    int cells = 0;
    for_each_cell(*backend, [&](const std::string& name, const std::string& op, const Cell& cell) {
      if (device == Device::reference && cell.dtype == DType::f64) return;  // what all are compared with
      check_not_finite(cell, op, name);
      ++cells;
    });
    CHECK(cells >= (device == Device::reference ? 25 : 18));
  }
}
