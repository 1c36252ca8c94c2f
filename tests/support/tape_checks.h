// SPDX-License-Identifier: Apache-2.0
// What the suite asks of the tape, with the kernels of a registry: tests/autograd/tape_test.cpp asks it of the
// product's and of broken ones. Each check says what is wrong, or nothing.
#pragma once

#include <functional>
#include <string>

#include "tensor/registry.h"

namespace cg::test {

/// A value and a leaf with two consumers each get the sum of the gradients.
std::string two_consumers_complaint(const Registry& registry);

/// A small residual network: the gradients that the tape leaves in its leaves against central differences.
std::string network_gradient_complaint(const Registry& registry);

/// The same network in memory planned before: the bits of the step without a plan. `planned` changes the ops that the
/// plan is made from, so that a test can plan wrongly.
using ChangeOp = std::function<AnyOp(AnyOp)>;
std::string planned_memory_complaint(const Registry& registry, const ChangeOp& planned);

}  // namespace cg::test
