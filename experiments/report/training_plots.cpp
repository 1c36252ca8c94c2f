// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/training_plots.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/report/axes.h"

namespace cg {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Range range_of(const Curve& curve) {
  Range out;
  for (const double value : curve.low) out.include(value);
  for (const double value : curve.high) out.include(value);
  return out;
}

double epoch(std::size_t k) { return static_cast<double>(k + 1); }

/// The band from the lowest to the highest seed, and the mean.
void draw_curve(Picture& picture, const Plot& plot, const Curve& curve, Ink ink) {
  Path band{.points = {}, .fill = Paint{ink, {}, 0.25}, .closed = true},
      line{.points = {}, .stroke = Paint{ink}, .width = 2};
  for (std::size_t k = 0; k < curve.mean.size(); ++k) {
    if (!std::isfinite(curve.mean[k])) continue;
    line.points.push_back(plot.at(epoch(k), curve.mean[k]));
    band.points.push_back(plot.at(epoch(k), curve.high[k]));
  }
  for (std::size_t k = curve.mean.size(); k-- > 0;)
    if (std::isfinite(curve.mean[k])) band.points.push_back(plot.at(epoch(k), curve.low[k]));
  if (line.points.size() == 1) picture.add(Disc{line.points[0], 3, Paint{ink}});
  if (line.points.size() < 2) return;
  picture.add(band);
  picture.add(line);
}

Axis epochs_axis(std::size_t epochs) {
  Axis axis = round_axis(1, std::max(2.0, static_cast<double>(epochs)), "epoch", 4);
  axis.low = 1;
  axis.high = std::max(2.0, static_cast<double>(epochs));
  std::erase_if(axis.ticks, [&](double t) { return t < 1 || t > axis.high || t != std::floor(t); });
  if (axis.ticks.empty() || axis.ticks.front() > 1) axis.ticks.insert(axis.ticks.begin(), 1);
  return axis;
}

}  // namespace

Curve curve_of(const std::string& label, const std::vector<std::vector<double>>& seeds) {
  Curve out{label, {}, {}, {}};
  std::size_t longest = 0;
  for (const auto& seed : seeds) longest = std::max(longest, seed.size());
  for (std::size_t k = 0; k < longest; ++k) {
    Range ends;
    double sum = 0, count = 0;
    for (const auto& seed : seeds) {
      if (k >= seed.size() || !std::isfinite(seed[k])) continue;
      ends.include(seed[k]);
      sum += seed[k];
      ++count;
    }
    out.mean.push_back(count > 0 ? sum / count : nan);
    out.low.push_back(count > 0 ? ends.low : nan);
    out.high.push_back(count > 0 ? ends.high : nan);
  }
  return out;
}

Picture curve_panels(const std::vector<Curve>& curves, const std::string& title, const std::string& axis) {
  constexpr double panel_width = 186, panel_height = 168, letters = 12;
  Picture picture{.title = title};
  const std::size_t lines = (curves.size() + 2) / 3;
  picture.height = panel_height * static_cast<double>(lines) + 22;
  for (std::size_t c = 0; c < curves.size(); ++c) {
    const Range ends = range_of(curves[c]);
    Plot plot;
    const double left = panel_width * static_cast<double>(c % 3), top = panel_height * static_cast<double>(c / 3);
    plot.left = left + 48;
    plot.top = top + 26;
    plot.width = panel_width - 58;
    plot.height = panel_height - 60;
    plot.x = epochs_axis(curves[c].mean.size());
    plot.x.title = "";
    plot.y = round_axis(ends.low, ends.high, "", 3);
    for (const double tick : plot.x.ticks)
      picture.add(
          Label{{plot.at_x(tick), plot.top + plot.height + 16}, tick_text(tick), Anchor::middle, letters, {Ink::soft}});
    for (const double tick : plot.y.ticks) {
      picture.line({plot.left, plot.at_y(tick)}, {plot.left + plot.width, plot.at_y(tick)}, {Ink::rule}, 1);
      picture.add(Label{{plot.left - 5, plot.at_y(tick) + 4}, tick_text(tick), Anchor::end, letters, {Ink::soft}});
    }
    picture.add(Label{{plot.left, top + 16},
                      fitted_text(curves[c].label, 13, panel_width - 52),
                      Anchor::start,
                      13,
                      {Ink::ink},
                      true});
    draw_curve(picture, plot, curves[c], Ink::c0);
  }
  picture.add(Label{{picture.width / 2, picture.height - 8}, "epoch; " + axis, Anchor::middle, 13, {Ink::ink}});
  return picture;
}

Picture step_curves(const std::vector<Curve>& curves, const std::string& title, const std::string& axis) {
  Picture picture{.title = title, .height = 320};
  Range ends;
  ends.include(0);
  std::size_t epochs = 2;
  for (const Curve& curve : curves) {
    const Range own = range_of(curve);
    ends.include(own.high);
    epochs = std::max(epochs, curve.mean.size());
  }
  const double head = 14 + 20 * static_cast<double>(curves.size());
  Plot plot{.left = 62, .top = head, .width = 480, .height = 230, .x = epochs_axis(epochs), .y = {}};
  plot.y = round_axis(0, std::isfinite(ends.high) ? ends.high : 1, axis);
  picture.height = head + plot.height + 60;
  draw_axes(picture, plot, 14);
  for (std::size_t c = 0; c < curves.size(); ++c) {
    Path line{.points = {}, .stroke = Paint{group_ink(c)}, .width = 2, .dashed = c >= 8};
    for (std::size_t k = 0; k < curves[c].mean.size(); ++k) {
      const Point at = plot.at(epoch(k), curves[c].mean[k]);
      if (!line.points.empty()) line.points.push_back({at[0], line.points.back()[1]});
      line.points.push_back(at);
    }
    picture.add(line);
    const double y = 12 + 20 * static_cast<double>(c);
    picture.line({plot.left, y}, {plot.left + 24, y}, {group_ink(c)}, 3);
    picture.add(Label{{plot.left + 32, y + 5}, fitted_text(curves[c].label, 14, 440), Anchor::start, 14, {Ink::ink}});
  }
  return picture;
}

}  // namespace cg
