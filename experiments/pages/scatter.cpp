// SPDX-License-Identifier: Apache-2.0
#include "experiments/pages/scatter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "experiments/pages/markup.h"

namespace cg {
namespace {

constexpr double left = 64, top = 74, side = 420;  // of the plot area, in pixels
// Okabe & Ito's palette, which colour-blind readers can distinguish.
constexpr const char* palette[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};

struct Axis {
  double end;
  double x(double age) const { return left + side * age / end; }
  double y(double age) const { return top + side * (1 - age / end); }
};

std::string grid(const Axis& axis) {
  std::string svg;
  for (double tick = 0; tick <= axis.end; tick += axis.end > 60 ? 20 : 10) {
    svg += fmt::format("<path d='M{:.1f} {:.1f}V{:.1f}M{:.1f} {:.1f}H{:.1f}' stroke='#ddd'/>", axis.x(tick), top,
                       top + side, left, axis.y(tick), left + side);
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>{:g}</text>", axis.x(tick), top + side + 20,
                       tick);
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='end'>{:g}</text>", left - 8, axis.y(tick) + 5, tick);
  }
  svg += fmt::format("<path d='M{:.1f} {:.1f}L{:.1f} {:.1f}' stroke='#555' stroke-dasharray='5 4'/>", axis.x(0),
                     axis.y(0), axis.x(axis.end), axis.y(axis.end));
  svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>age (years)</text>", left + side / 2,
                     top + side + 44);
  svg += fmt::format(
      "<text transform='translate(20 {:.1f}) rotate(-90)' text-anchor='middle'>predicted age (years)</text>",
      top + side / 2);
  return svg;
}

std::string legend(const std::vector<std::string>& names) {
  std::string svg;
  for (std::size_t k = 0; k < names.size(); ++k) {
    const double y = top + 18 + 20 * static_cast<double>(k);
    svg += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='5' fill='{}'/><text x='{:.1f}' y='{:.1f}'>study {}</text>",
                       left + 16, y, palette[k % std::size(palette)], left + 28, y + 5, escaped(names[k]));
  }
  return svg;
}

}  // namespace

std::string scatter_svg(std::span<const double> ages, std::span<const double> predicted,
                        std::span<const std::string> groups, const ScatterText& text) {
  double oldest = 10;
  for (double age : ages) oldest = std::max(oldest, age);
  for (double age : predicted) oldest = std::max(oldest, age);
  const Axis axis{10 * std::ceil(oldest / 10)};
  const std::set<std::string> distinct(groups.begin(), groups.end());
  std::vector<std::string> names(distinct.begin(), distinct.end());
  if (names.size() > std::size(palette) || (names.size() == 1 && names[0].empty())) names.clear();

  std::string svg = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' width='{0:g}' height='{1:g}' viewBox='0 0 {0:g} {1:g}' "
      "font-family='sans-serif' font-size='14'>",
      left + side + 24, top + side + 58);
  svg += "<rect width='100%' height='100%' fill='white'/>";
  svg += fmt::format("<text x='{:.1f}' y='28' font-size='18'>{}</text>", left, escaped(text.title));
  svg += fmt::format("<text x='{:.1f}' y='52' fill='#b00020'>{}</text>", left, escaped(text.note));
  svg += grid(axis);
  for (std::size_t k = 0; k < ages.size(); ++k) {
    const auto at = names.empty() ? names.end() : std::find(names.begin(), names.end(), groups[k]);
    const char* colour = palette[at == names.end() ? 0 : static_cast<std::size_t>(at - names.begin())];
    svg += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='5' fill='{}' fill-opacity='0.75'/>", axis.x(ages[k]),
                       axis.y(std::clamp(predicted[k], 0.0, axis.end)), colour);
  }
  return svg + legend(names) + "</svg>\n";
}

}  // namespace cg
