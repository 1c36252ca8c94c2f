// SPDX-License-Identifier: Apache-2.0
// The whole network on a GPU against PyTorch; read tests/support/golden_network.h.
#include <doctest/doctest.h>

#include "tests/support/cuda.h"
#include "tests/support/golden_network.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("ResNet-18 on a GPU: features, loss, gradients and three Adam steps are PyTorch's") {
  if (const auto device = device_or_skip()) check_network(*device);
}
