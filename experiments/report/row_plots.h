// SPDX-License-Identifier: Apache-2.0
// The rows of a study: one dot per seed with mean and SD, and the differences to a reference row with their intervals.
// Read next: axes.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/report/picture.h"
#include "experiments/statistics/metrics.h"
#include "experiments/statistics/paired.h"

namespace cg {

struct SeedDots {
  std::string label;
  std::vector<double> values;  ///< of the seeds, in their order: test MAE, years
  MeanSd mean;
  std::optional<MeanSd> paper = {};
};

/// One line per row: dots, a bar at the mean from mean − SD to mean + SD, and above it the paper's mean ± SD in orange.
Picture seed_dots(const std::vector<SeedDots>& rows, const std::string& title, const std::string& axis);

struct RowInterval {
  std::string label;
  PairedDifference difference;
  bool differs = false;  ///< after Holm's correction: drawn in the accent's colour
};

/// One line per row: the interval of its difference, and a line at 0.
Picture intervals(const std::vector<RowInterval>& rows, const std::string& reference);

}  // namespace cg
