// SPDX-License-Identifier: Apache-2.0
// The section about cost: the time of the trainings, and the memory of a training step by layer. Read next:
// training_record.h, experiments/memory/memory_profile.h.
#pragma once

#include "experiments/report/training_section.h"

namespace cg {

Section cost_section(const StudyResults& results, const TrainingRecords& records);

}  // namespace cg
