// SPDX-License-Identifier: Apache-2.0
// How large the training part of a phantom will be that does not exist yet.
#pragma once

#include <optional>

#include "experiments/config/config.h"

namespace cg {

/// The size of the training part; no value if the split names ids or values of a column. Errors (usage): folds or a
/// validation part that do not fit the number of subjects.
std::optional<Index> planned_training_size(const DataOptions& options);

}  // namespace cg
