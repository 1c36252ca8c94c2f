// SPDX-License-Identifier: Apache-2.0
#include "experiments/pages/scatter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "experiments/pages/markup.h"

namespace cg {
namespace {

constexpr double left = 64, side = 420, right = 24;               // of the plot area, in pixels
constexpr double title_height = 38, line_height = 17, foot = 58;  // of the texts above and below it
constexpr double most_beyond = 20;                                // years of a prediction above the highest age
constexpr const char* warning_colour = "#b00020";
// Okabe & Ito's palette, which colour-blind readers can distinguish.
constexpr const char* palette[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};

/// The plot area: both axes from 0 to `end` years.
struct Area {
  double top, end;
  double x(double age) const { return left + side * age / end; }
  double y(double age) const { return top + side * (1 - age / end); }
};

double axis_end(std::span<const double> ages, std::span<const double> predicted) {
  double oldest = 10;
  for (const double age : ages) oldest = std::max(oldest, age);
  double highest = oldest;
  for (const double age : predicted)
    if (age <= oldest + most_beyond) highest = std::max(highest, age);
  return 10 * std::ceil(highest / 10);
}

std::string grid(const Area& area) {
  std::string svg;
  const double bottom = area.top + side;
  for (double tick = 0; tick <= area.end; tick += area.end > 60 ? 20 : 10) {
    svg += fmt::format("<path d='M{:.1f} {:.1f}V{:.1f}M{:.1f} {:.1f}H{:.1f}' stroke='#ddd'/>", area.x(tick), area.top,
                       bottom, left, area.y(tick), left + side);
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>{:g}</text>", area.x(tick), bottom + 20, tick);
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='end'>{:g}</text>", left - 8, area.y(tick) + 5, tick);
  }
  svg += fmt::format("<path d='M{:.1f} {:.1f}L{:.1f} {:.1f}' stroke='#555' stroke-dasharray='5 4'/>", area.x(0),
                     area.y(0), area.x(area.end), area.y(area.end));
  svg +=
      fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>age (years)</text>", left + side / 2, bottom + 44);
  svg += fmt::format(
      "<text transform='translate(20 {:.1f}) rotate(-90)' text-anchor='middle'>predicted age (years)</text>",
      area.top + side / 2);
  return svg;
}

std::string legend(const std::vector<std::string>& names, const Area& area) {
  std::string svg;
  for (std::size_t k = 0; k < names.size(); ++k) {
    const double y = area.top + 18 + 20 * static_cast<double>(k);
    svg += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='5' fill='{}'/><text x='{:.1f}' y='{:.1f}'>study {}</text>",
                       left + 16, y, palette[k % std::size(palette)], left + 28, y + 5, escaped(names[k]));
  }
  return svg;
}

/// A subject: a circle, or a triangle with its tip on the edge.
std::string mark(double age, double predicted, const Area& area, const char* colour) {
  const double x = area.x(age), height = predicted < 0 ? 11 : -11;
  if (predicted >= 0 && predicted <= area.end)
    return fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='5' fill='{}' fill-opacity='0.75'/>", x, area.y(predicted),
                       colour);
  return fmt::format("<path class='outside' d='M{:.1f} {:.1f}l6 {:g}h-12z' fill='{}' stroke='black'/>", x,
                     area.y(predicted < 0 ? 0 : area.end), -height, colour);
}

/// "▼ 2 predictions are below 0 (the lowest at -7.3 years)", and the same of those above; empty if all are inside.
std::vector<std::string> outside_lines(std::span<const double> predicted, double end) {
  int below = 0, above = 0;
  double lowest = 0, highest = end;
  for (const double age : predicted) {
    below += age < 0;
    above += age > end;
    lowest = std::min(lowest, age);
    highest = std::max(highest, age);
  }
  std::vector<std::string> lines;
  const auto add = [&](int count, const char* sign, const std::string& where, const char* which, double farthest) {
    if (count == 0) return;
    lines.push_back(fmt::format("{} {} prediction{} {} {} ({}at {:.1f} years)", sign, count, count == 1 ? "" : "s",
                                count == 1 ? "is" : "are", where, count == 1 ? "" : which, farthest));
  };
  add(below, "▼", "below 0", "the lowest ", lowest);
  add(above, "▲", fmt::format("above {:g}", end), "the highest ", highest);
  return lines;
}

/// Title, lines and note; the area begins below them.
std::string head(const ScatterText& text, double& top) {
  std::string svg = fmt::format("<text x='{:.1f}' y='28' font-size='18'>{}</text>", left, escaped(text.title));
  top = title_height;
  const auto line = [&](const std::string& words, const std::string& style) {
    top += line_height;
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' {}>{}</text>", left, top - 3, style, escaped(words));
  };
  for (const std::string& words : text.lines) line(words, "font-size='12' fill='#555'");
  if (!text.note.empty()) {
    top += 4;
    line(text.note, fmt::format("fill='{}'", warning_colour));
  }
  top += line_height;
  return svg;
}

}  // namespace

std::string scatter_svg(std::span<const double> ages, std::span<const double> predicted,
                        std::span<const std::string> groups, const ScatterText& text) {
  const std::set<std::string> distinct(groups.begin(), groups.end());
  std::vector<std::string> names(distinct.begin(), distinct.end());
  if (names.size() > std::size(palette) || (names.size() == 1 && names[0].empty())) names.clear();
  Area area{0, axis_end(ages, predicted)};
  const std::string above = head(text, area.top);
  const std::vector<std::string> outside = outside_lines(predicted, area.end);
  double bottom = area.top + side + foot;
  std::string svg = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' width='{0:g}' height='{1:g}' viewBox='0 0 {0:g} {1:g}' "
      "font-family='sans-serif' font-size='14'>",
      left + side + right, bottom + line_height * static_cast<double>(outside.size()));
  svg += "<rect width='100%' height='100%' fill='white'/>" + above + grid(area);
  for (std::size_t k = 0; k < ages.size(); ++k) {
    const auto at = names.empty() ? names.end() : std::find(names.begin(), names.end(), groups[k]);
    svg += mark(ages[k], predicted[k], area,
                palette[at == names.end() ? 0 : static_cast<std::size_t>(at - names.begin())]);
  }
  for (const std::string& line : outside) {
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' font-size='12' fill='{}'>{}</text>", left, bottom + 6,
                       warning_colour, escaped(line));
    bottom += line_height;
  }
  return svg + legend(names, area) + "</svg>\n";
}

}  // namespace cg
