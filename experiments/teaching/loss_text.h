// SPDX-License-Identifier: Apache-2.0
// A loss explained on a terminal: the formula, each anchor's row of it filled with numbers, and the forces on every
// embedding. Read next: losses/explanation.h.
#pragma once

#include <string>

#include "experiments/teaching/loss_cases.h"
#include "losses/explanation.h"

namespace cg {

/// Some 110 columns wide, in UTF-8.
std::string loss_text(const LossCase& example, const Explanation& explanation);

}  // namespace cg
