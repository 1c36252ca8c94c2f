// SPDX-License-Identifier: Apache-2.0
// Which branch a kernel takes at the kinks of its op.
#pragma once

#include <string>

#include "tests/support/op_tests.h"
#include "tests/support/parity.h"

namespace cg::test {

/// What a cell does otherwise than expected.
std::string kink_complaint(const Cell& cell, const Kink& kink);

}  // namespace cg::test
