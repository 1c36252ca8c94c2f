// SPDX-License-Identifier: Apache-2.0
// The sex of subjects, from the cohort file, for runs that did not store it.
#pragma once

#include <string>
#include <vector>

#include "experiments/config/config.h"

namespace cg {

/// Of each of the subjects with these ids: "F", "M", or empty if the cohort file does not say it, or is not there.
std::vector<std::string> sexes_of(const DataOptions& data, const std::vector<std::string>& ids);

}  // namespace cg
