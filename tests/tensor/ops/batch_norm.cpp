// SPDX-License-Identifier: Apache-2.0
// Test data of batch_norm; formula in tensor/ops/batch_norm.h, what normalising ops share in
// tests/support/norm_examples.h and norm_faults.h.
#include "tensor/backend/cuda/ops/batch_norm.h"

#include "tests/support/host_kernels.h"
#include "tests/support/norm_examples.h"
#include "tests/support/norm_faults.h"
#include "tests/support/op_tests.h"

namespace cg::test {

OpTests batch_norm_tests() {
  return {
      .draw = draw_norm<BatchNorm>,
      .draw_large = draw_large_norm<BatchNorm>,
      .misuses = norm_misuses(erase(BatchNorm{})),
      .faults = joined({norm_faults<BatchNorm>(), norm_recompute_faults<BatchNorm>()}),
      .cuda_on_host = add_on_host<BatchNorm>,
  };
}

}  // namespace cg::test
