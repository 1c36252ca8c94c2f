// SPDX-License-Identifier: Apache-2.0
// Predicted against true age, and the brain-age gap (predicted minus true age) by age. Read next: axes.h.
#pragma once

#include <string>
#include <vector>

#include "experiments/report/picture.h"

namespace cg {

/// A test subject over the seeds; ages in years.
struct SubjectPrediction {
  std::string id;
  double age = 0;
  double mean = 0, low = 0, high = 0;  ///< of the predictions

  double gap() const { return mean - age; }
};

/// The line of gap on age by least squares.
struct GapLine {
  double slope = 0, at_zero = 0;
};
GapLine gap_line(const std::vector<SubjectPrediction>& subjects);

Picture predicted_ages(const std::vector<SubjectPrediction>& subjects, const std::string& title);
Picture age_gaps(const std::vector<SubjectPrediction>& subjects, const std::string& title);

}  // namespace cg
