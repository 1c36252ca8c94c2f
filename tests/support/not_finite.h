// SPDX-License-Identifier: Apache-2.0
// What becomes of a NaN or an infinity in one place of an op's input, or of its output's gradient. A NaN must reach
// every result that depends on that place: so it can be seen at the end of a network. The reference's part is
// nan_check in op_checks.h.
#pragma once

#include <string>

#include "tests/support/parity.h"

namespace cg::test {

/// A cell of the registry against the reference in double, with NaN or infinity in one place of each input in turn, and
/// of the output's gradient. The same results must be NaN, or not finite; every winner of a window must be a voxel of
/// that window, and NaN where one is; a gradient may be finite where the reference multiplies NaN by zero, never the
/// other way round. The example must be rounded to the cell's type. Returns what is wrong, or nothing.
std::string not_finite_complaint(const Cell& cell, const Example& example, Draw& draw);

/// The same on random examples of the cell's op, small ones and large ones. Checks, and names the seed.
void check_not_finite(const Cell& cell, const std::string& op, const std::string& name);

}  // namespace cg::test
