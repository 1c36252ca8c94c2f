// SPDX-License-Identifier: Apache-2.0
// Whether an input is a cohort file or one map. Read next: data/cohort_h5.h, data/formats/map_file.h.
#pragma once

#include <string>

namespace cg {

/// By the first bytes, whatever the name. Only where they say nothing (a damaged file, one that cannot be read) the
/// name decides, so that the reader of this kind reports the error.
bool is_cohort_file(const std::string& path);

}  // namespace cg
