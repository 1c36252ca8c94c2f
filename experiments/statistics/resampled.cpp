// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/resampled.h"

#include <cmath>
#include <limits>
#include <vector>

#include "experiments/statistics/metrics.h"
#include "experiments/statistics/student_t.h"
#include "tensor/error.h"

namespace cg {

PairedDifference resampled_difference(std::span<const DivisionDifference> divisions) {
  std::vector<double> means;
  double ratio = 0;
  for (const DivisionDifference& d : divisions) {
    if (d.test < 1 || d.train < 1)
      fail(ErrorKind::usage, "resampled_difference", "a division of the cohort has no training or test subjects");
    means.push_back(d.mean);
    ratio += static_cast<double>(d.test) / static_cast<double>(d.train);
  }
  if (means.empty()) fail(ErrorKind::usage, "resampled_difference", "expected at least one division of the cohort");
  const MeanSd of = mean_sd(means);
  const double count = static_cast<double>(means.size()), infinite = std::numeric_limits<double>::infinity();
  if (count < 2) return {.mean = of.mean, .low = -infinite, .high = infinite, .p = 1};
  const double error = of.sd * std::sqrt(1 / count + ratio / count);
  if (error == 0) return {.mean = of.mean, .low = of.mean, .high = of.mean, .p = of.mean == 0 ? 1.0 : 0.0};
  const double half = t_quantile(0.95, count - 1) * error;
  return {.mean = of.mean, .low = of.mean - half, .high = of.mean + half, .p = two_sided_p(of.mean / error, count - 1)};
}

}  // namespace cg
