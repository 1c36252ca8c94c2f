// SPDX-License-Identifier: Apache-2.0
// Learning curves with the band of the seeds, and the number of neighbours of each epoch. Read next: axes.h.
#pragma once

#include <string>
#include <vector>

#include "experiments/report/picture.h"

namespace cg {

/// A value per epoch: over the seeds the mean, the lowest and the highest.
struct Curve {
  std::string label;
  std::vector<double> mean, low, high;  ///< [epochs]; NaN: not measured after this epoch
};

/// The curve of several seeds, [seeds][epochs]; as long as the longest.
Curve curve_of(const std::string& label, const std::vector<std::vector<double>>& seeds);

/// One panel for each curve, three in a line, with an own axis of values.
Picture curve_panels(const std::vector<Curve>& curves, const std::string& title, const std::string& axis);

/// All curves in one plot, as steps.
Picture step_curves(const std::vector<Curve>& curves, const std::string& title, const std::string& axis);

}  // namespace cg
