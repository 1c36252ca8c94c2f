// SPDX-License-Identifier: Apache-2.0
// The sections that make a report repeatable: methods, configuration, environment and digests. Read next: methods.h.
#pragma once

#include "experiments/report/training_section.h"

namespace cg {

Section methods_section(const StudyResults& results, const TrainingRecords& records);
Section setting_section(const StudyResults& results, const TrainingRecords& records);
/// Says how mean saliency maps are computed; no run stores them.
Section saliency_section(const StudyResults& results);

}  // namespace cg
