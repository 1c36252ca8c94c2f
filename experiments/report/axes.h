// SPDX-License-Identifier: Apache-2.0
// The axes of a plot: round numbers, and where a value is in the picture. Read next: picture.h.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "experiments/report/picture.h"

namespace cg {

struct Axis {
  double low = 0, high = 1;
  std::string title = {};
  std::vector<double> ticks = {};
};

/// The finite values that it has seen.
struct Range {
  double low = INFINITY, high = -INFINITY;

  void include(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

/// From a round number at or below `low` to one at or above `high`, with about `parts` parts. Equal ends are widened.
Axis round_axis(double low, double high, const std::string& title, int parts = 5);

/// A plot area in a picture.
struct Plot {
  double left = 60, top = 20, width = 480, height = 240;
  Axis x, y;

  double at_x(double value) const { return left + width * (value - x.low) / (x.high - x.low); }
  double at_y(double value) const { return top + height * (1 - (value - y.low) / (y.high - y.low)); }
  Point at(double x_value, double y_value) const { return {at_x(x_value), at_y(y_value)}; }
};

/// Grid lines, numbers and titles. `size` of the letters.
void draw_axes(Picture& picture, const Plot& plot, double size = 13);
void draw_x_axis(Picture& picture, const Plot& plot, double size = 13);  ///< only that of x

/// "0.5", "20": as few digits as needed.
std::string tick_text(double value);

}  // namespace cg
