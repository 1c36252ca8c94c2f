// SPDX-License-Identifier: Apache-2.0
#include "experiments/pages/histogram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cg {
namespace {

constexpr double left = 64, right = 26, top = 20, width = 860, height = 260, foot = 60;  // pixels

std::string text(double value) { return fmt::format("{:.1f}", value); }

/// A round step that divides `most` into four to eight parts.
Index round_step(Index most) {
  Index step = 1;
  for (int k = 0; step * 6 < most; ++k) step = step * (k % 3 == 1 ? 5 : 4) / 2;  // 1, 2, 5, 10, …
  return step;
}

struct Scale {
  double first, span;
  Index most;
  double x(double value) const { return left + (width - left - right) * (value - first) / span; }
  double y(double count) const { return top + height * (1 - count / static_cast<double>(most)); }
};

void axes(Markup& page, const Histogram& h, const Scale& scale) {
  for (Index count = 0; count <= scale.most; count += round_step(scale.most)) {
    const double y = scale.y(static_cast<double>(count));
    page.empty("path", {{"class", "grid"}, {"d", fmt::format("M{:.1f} {:.1f}H{:.1f}", left, y, width - right)}});
    page.element("text", {{"class", "tick"}, {"x", text(left - 8)}, {"y", text(y + 4)}}, fmt::format("{}", count));
  }
  const double last = h.first + scale.span;
  for (double at = std::ceil(h.first / h.tick - 1e-9) * h.tick; at <= last + 1e-9; at += h.tick)
    page.element("text", {{"class", "number"}, {"x", text(scale.x(at))}, {"y", text(top + height + 18)}},
                 fmt::format("{:.4g}", std::round(at * h.shown * 1e6) / 1e6));
  page.element("text", {{"class", "axis"}, {"x", text((left + width - right) / 2)}, {"y", text(top + height + 40)}},
               h.axis);
}

}  // namespace

Histogram count_into(Histogram h, const std::vector<double>& values, const std::vector<std::size_t>& groups,
                     double last) {
  const auto bins = static_cast<std::size_t>(std::max(1.0, std::ceil((last - h.first) / h.width - 1e-9)));
  h.counts.assign(h.names.size(), std::vector<Index>(bins));
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double at = std::floor((values[k] - h.first) / h.width + 1e-9);
    ++h.counts[groups[k]][static_cast<std::size_t>(std::clamp(at, 0.0, static_cast<double>(bins - 1)))];
  }
  return h;
}

void write_histogram(Markup& page, const Histogram& h) {
  const std::size_t bins = h.counts.at(0).size();
  Scale scale{h.first, h.width * static_cast<double>(bins), 1};
  for (std::size_t b = 0; b < bins; ++b) {
    Index sum = 0;
    for (const auto& group : h.counts) sum += group[b];
    scale.most = std::max(scale.most, sum);
  }
  page.open("svg", {{"class", "chart"},
                    {"viewBox", fmt::format("0 0 {:g} {:g}", width, top + height + foot)},
                    {"role", "img"},
                    {"aria-label", h.title}});
  axes(page, h, scale);
  for (std::size_t b = 0; b < bins; ++b) {
    Index below = 0;
    const double from = h.first + h.width * static_cast<double>(b), x = scale.x(from) + 1,
                 wide = scale.x(from + h.width) - x - 1;
    for (std::size_t g = 0; g < h.counts.size(); ++g) {
      const Index n = h.counts[g][b];
      if (n == 0) continue;
      const double high = scale.y(static_cast<double>(below + n)), low = scale.y(static_cast<double>(below));
      page.open("rect", {{"class", fmt::format("c{}", g % 8)},
                         {"x", text(x)},
                         {"y", text(high)},
                         {"width", text(wide)},
                         {"height", text(low - high)}});
      const std::string name = h.names[g].empty() ? "" : h.names[g] + ", ";
      page.element("title", {}, fmt::format("{}{:g} to {:g}: {}", name, from * h.shown, (from + h.width) * h.shown, n));
      page.close();
      below += n;
    }
  }
  page.close();
}

}  // namespace cg
