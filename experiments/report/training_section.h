// SPDX-License-Identifier: Apache-2.0
// The section about training: learning curves of each study's rows with the band of the seeds, and the neighbours of
// each epoch. Read next: training_plots.h, training_record.h.
#pragma once

#include <map>

#include "experiments/report/report.h"
#include "experiments/report/training_record.h"
#include "experiments/study/cells.h"

namespace cg {

using TrainingRecords = std::map<std::size_t, TrainingRecord>;

Section training_section(const StudyResults& results, const TrainingRecords& records);

}  // namespace cg
