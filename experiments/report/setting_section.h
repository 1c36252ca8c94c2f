// SPDX-License-Identifier: Apache-2.0
// The sections that make a report repeatable: methods, configuration, environment and digests. Read next: methods.h.
#pragma once

#include <filesystem>

#include "experiments/report/training_section.h"

namespace cg {

Section methods_section(const StudyResults& results, const TrainingRecords& records);
Section setting_section(const StudyResults& results, const TrainingRecords& records);
/// The picture that the program saliency has put into `folder`/saliency; without it, how to make it. Errors: as
/// read_input.
Section saliency_section(const StudyResults& results, const std::filesystem::path& folder);

}  // namespace cg
