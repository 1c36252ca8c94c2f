// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "experiments/report/axes.h"
#include "experiments/report/cohort_section.h"

namespace cg {

Picture histogram_picture(const Histogram& h) {
  const std::size_t bins = h.counts.at(0).size();
  const bool named = h.names.size() > 1;
  const double head = named ? 16 + 20 * std::ceil(static_cast<double>(h.names.size()) / 3) : 14;
  Picture picture{.title = h.title, .height = head + 290};
  Plot plot{.left = 60, .top = head, .width = 486, .height = 230, .x = {}, .y = {}};
  double most = 1;
  for (std::size_t b = 0; b < bins; ++b) {
    double sum = 0;
    for (const auto& group : h.counts) sum += static_cast<double>(group[b]);
    most = std::max(most, sum);
  }
  plot.y = round_axis(0, most, "subjects");
  std::erase_if(plot.y.ticks, [](double t) { return t != std::floor(t); });
  const double last = h.first + h.width * static_cast<double>(bins);
  plot.x = {h.first * h.shown, last * h.shown, h.axis, {}};
  for (double at = std::ceil(h.first / h.tick - 1e-9) * h.tick; at <= last + 1e-9; at += h.tick)
    plot.x.ticks.push_back(at * h.shown);
  draw_axes(picture, plot, 14);
  for (std::size_t b = 0; b < bins; ++b) {
    double below = 0;
    const double from = (h.first + h.width * static_cast<double>(b)) * h.shown, to = from + h.width * h.shown;
    for (std::size_t g = 0; g < h.counts.size(); ++g) {
      const auto n = static_cast<double>(h.counts[g][b]);
      if (n == 0) continue;
      const double left = plot.at_x(from) + 1, right = plot.at_x(to) - 1;
      picture.add(Path{.points = {{left, plot.at_y(below)},
                                  {right, plot.at_y(below)},
                                  {right, plot.at_y(below + n)},
                                  {left, plot.at_y(below + n)}},
                       .fill = Paint{group_ink(g)},
                       .closed = true});
      below += n;
    }
  }
  for (std::size_t g = 0; named && g < h.names.size(); ++g) {
    const double x = 60 + 166 * static_cast<double>(g % 3), y = 6 + 20 * std::floor(static_cast<double>(g) / 3);
    picture.add(Path{
        .points = {{x, y}, {x + 12, y}, {x + 12, y + 12}, {x, y + 12}}, .fill = Paint{group_ink(g)}, .closed = true});
    picture.add(Label{{x + 19, y + 11}, fitted_text(h.names[g], 13, 140), Anchor::start, 13, {Ink::ink}});
  }
  return picture;
}

}  // namespace cg
