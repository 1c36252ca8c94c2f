// SPDX-License-Identifier: Apache-2.0
// The reference kernels of an op against PyTorch in double: the groups of tests/golden/ops.h5.
#pragma once

#include <string>

#include "tensor/registry.h"
#include "tests/support/golden_reader.h"

namespace cg::test {

/// The op whose numbers a group holds; empty where no op has them.
std::string op_of_group(const std::string& group);

/// What differs between the kernels of a registry and the numbers of a group: outputs, gradients, what is overwritten.
std::string golden_complaint(const Registry& registry, const GoldenFile& file, const std::string& group);

}  // namespace cg::test
