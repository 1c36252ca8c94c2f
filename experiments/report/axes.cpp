// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cg {
namespace {

double round_step(double least) {
  const double unit = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * unit >= least * (1 - 1e-9)) return factor * unit;
  return 10 * unit;
}

}  // namespace

Axis round_axis(double low, double high, const std::string& title, int parts) {
  if (!(high > low)) {
    const double half = std::max(0.5, 0.05 * std::abs(low));
    low -= half;
    high += half;
  }
  const double step = round_step((high - low) / parts);
  Axis out{step * std::floor(low / step + 1e-9), step * std::ceil(high / step - 1e-9), title, {}};
  const auto count = static_cast<int>(std::lround((out.high - out.low) / step));
  for (int k = 0; k <= count; ++k) out.ticks.push_back(out.low + k * step);
  return out;
}

std::string tick_text(double value) {
  const double size = std::round(std::abs(value) * 1e9) / 1e9;
  return (value < 0 && size > 0 ? "−" : "") + fmt::format("{:.6g}", size);
}

void draw_x_axis(Picture& picture, const Plot& plot, double size) {
  for (const double tick : plot.x.ticks) {
    picture.line({plot.at_x(tick), plot.top}, {plot.at_x(tick), plot.top + plot.height}, {Ink::rule}, 1);
    const std::string text = tick_text(tick);
    const double half = 0.6 * text_width(text, size), inside = std::min(plot.at_x(tick), picture.width - half - 1);
    picture.add(Label{{inside, plot.top + plot.height + size + 5}, text, Anchor::middle, size, {Ink::soft}});
  }
  picture.add(Label{{plot.left + plot.width / 2, plot.top + plot.height + 2.4 * size + 8},
                    plot.x.title,
                    Anchor::middle,
                    size,
                    {Ink::ink}});
}

void draw_axes(Picture& picture, const Plot& plot, double size) {
  draw_x_axis(picture, plot, size);
  for (const double tick : plot.y.ticks) {
    picture.line({plot.left, plot.at_y(tick)}, {plot.left + plot.width, plot.at_y(tick)}, {Ink::rule}, 1);
    picture.add(Label{{plot.left - 7, plot.at_y(tick) + 0.35 * size}, tick_text(tick), Anchor::end, size, {Ink::soft}});
  }
  picture.add(Label{.at = {size + 1, plot.top + plot.height / 2},
                    .text = plot.y.title,
                    .anchor = Anchor::middle,
                    .size = size,
                    .paint = {Ink::ink},
                    .upwards = true});
}

}  // namespace cg
