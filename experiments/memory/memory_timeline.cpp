// SPDX-License-Identifier: Apache-2.0
#include "experiments/memory/memory_timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cg {
namespace {

// In units of the view box.
constexpr double width = 1360, left = 74, right = 12;
constexpr double curve_top = 44, curve_bottom = 204;
constexpr double map_top = 232, map_bottom = 652;
constexpr double bands_top = 660, bands_height = 20, labels_top = 688, height = 792;
constexpr double letter = 5.9, bold_letter = 7.4;  // widths in a label
constexpr int colours = 8;                         // c0 to c7 of the style sheet

std::string number(double value) { return fmt::format("{:.2f}", value); }

std::string without_encoder(const std::string& layer) {
  constexpr const char* prefix = "encoder.";
  return layer.starts_with(prefix) ? layer.substr(std::string(prefix).size()) : layer;
}

/// Round numbers from 0 to `most`, at most six.
std::vector<double> ticks(double most) {
  double step = 1;
  while (most / step > 5) step *= most / (2 * step) <= 5 ? 2 : most / (5 * step) <= 5 ? 5 : 10;
  std::vector<double> out;
  for (double at = 0; at <= most; at += step) out.push_back(at);
  return out;
}

class Timeline {
 public:
  Timeline(Markup& page, const MemoryPlan& plan, const MemoryProfile& profile, const Stages& stages)
      : page_(page),
        plan_(plan),
        profile_(profile),
        stages_(stages),
        n_(static_cast<int>(plan.ops().size())),
        slot_((width - left - right) / (2 * n_ + 1)) {}

  void write() {
    page_.open("svg", {{"class", "timeline"},
                       {"id", "timeline"},
                       {"viewBox", fmt::format("0 0 {} {}", width, height)},
                       {"role", "group"},
                       {"aria-label", "Buffers of a training step over time"}});
    patterns();
    phases();
    scale(curve_top, curve_bottom, plan_.live_bytes(), "alive, MB");
    scale(map_top, map_bottom, plan_.arena_bytes(), "offset in the arena, MB");
    curve();
    bands();
    layer_labels();
    peak_line();
    for (const Buffer* b : in_time(plan_)) buffer(*b);  // the arrow keys move in this order
    peak_label();
    page_.close();
  }

 private:
  double x(int time) const { return left + slot_ * time; }
  static double y(Index bytes, Index full, double top, double bottom) {
    return bottom - (bottom - top) * static_cast<double>(bytes) / static_cast<double>(std::max<Index>(full, 1));
  }
  double map_y(Index offset) const { return y(offset, plan_.arena_bytes(), map_top, map_bottom); }
  double curve_y(Index bytes) const { return y(bytes, plan_.live_bytes(), curve_top, curve_bottom); }

  void label(double at_x, double at_y, const char* kind, const std::string& text) {
    page_.element("text", {{"x", number(at_x)}, {"y", number(at_y)}, {"class", kind}}, text);
  }
  void box(const std::string& kind, double at_x, double at_y, double wide, double high) {
    page_.empty(
        "rect",
        {{"class", kind}, {"x", number(at_x)}, {"y", number(at_y)}, {"width", number(wide)}, {"height", number(high)}});
  }
  void line(const char* kind, double x1, double y1, double x2, double y2) {
    page_.empty("path", {{"class", kind}, {"d", fmt::format("M{:.2f} {:.2f}L{:.2f} {:.2f}", x1, y1, x2, y2)}});
  }

  void patterns();
  void phases();
  void scale(double top, double bottom, Index full, const char* title);
  void curve();
  void bands();
  void layer_labels();
  void peak_line();
  void peak_label();
  void buffer(const Buffer& b);

  Markup& page_;
  const MemoryPlan& plan_;
  const MemoryProfile& profile_;
  const Stages& stages_;
  int n_;
  double slot_;
};

/// Stripes for gradients and dots for workspace, in the colour of each stage.
void Timeline::patterns() {
  page_.open("defs");
  for (int k = 0; k < colours; ++k) {
    const std::string colour = fmt::format("c{}", k);
    page_.open("pattern", {{"id", "stripes-" + colour},
                           {"width", "6"},
                           {"height", "6"},
                           {"patternUnits", "userSpaceOnUse"},
                           {"patternTransform", "rotate(45)"}});
    page_.empty("rect", {{"class", colour}, {"width", "6"}, {"height", "6"}});
    page_.empty("rect", {{"class", "veil"}, {"width", "3"}, {"height", "6"}}).close();
    page_.open("pattern",
               {{"id", "dots-" + colour}, {"width", "5"}, {"height", "5"}, {"patternUnits", "userSpaceOnUse"}});
    page_.empty("rect", {{"class", colour}, {"width", "5"}, {"height", "5"}});
    page_.empty("circle", {{"class", "veil"}, {"cx", "2.5"}, {"cy", "2.5"}, {"r", "1.5"}}).close();
  }
  page_.close();
}

void Timeline::phases() {
  const double top = curve_top - 18, end = bands_top - 4;
  box("phase", left, top, x(n_) - left, end - top);
  box("phase", x(n_ + 1), top, width - right - x(n_ + 1), end - top);
  label((left + x(n_)) / 2, top - 8, "phase-name", "forward");
  label(x(n_) + slot_ / 2, top - 8, "phase-name", "loss");
  label((x(n_ + 1) + width - right) / 2, top - 8, "phase-name", "backward");
}

void Timeline::scale(double top, double bottom, Index full, const char* title) {
  for (double tick : ticks(static_cast<double>(full) / 1e6)) {
    const double at = y(static_cast<Index>(tick * 1e6), full, top, bottom);
    line("grid", left, at, width - right, at);
    label(left - 8, at + 4, "tick", fmt::format("{:g}", tick));
  }
  page_.element("text",
                {{"class", "axis"}, {"transform", fmt::format("translate(16 {:.1f}) rotate(-90)", (top + bottom) / 2)}},
                title);
}

/// The bytes alive at each time, stacked by stage.
void Timeline::curve() {
  std::vector<Index> below(profile_.live.size(), 0);
  for (const std::string& stage : stages_.names) {
    std::vector<Index> above = below;
    std::string colour;
    for (const Buffer& b : plan_.buffers()) {
      if (stage_of(b.scope) != stage) continue;
      colour = stages_.colour(b.scope);
      for (int t = b.first; t <= b.last; ++t) above[static_cast<std::size_t>(t)] += b.bytes;
    }
    std::string path = fmt::format("M{:.2f} {:.2f}", left, curve_y(below[0]));
    for (int t = 0; t <= 2 * n_; ++t)
      path += fmt::format("V{:.2f}H{:.2f}", curve_y(above[static_cast<std::size_t>(t)]), x(t + 1));
    for (int t = 2 * n_; t >= 0; --t)
      path += fmt::format("V{:.2f}H{:.2f}", curve_y(below[static_cast<std::size_t>(t)]), x(t));
    page_.empty("path", {{"class", "area " + colour}, {"d", path + "Z"}});
    below = std::move(above);
  }
}

/// A coloured band under consecutive nodes of one stage.
void Timeline::bands() {
  for (int t = 0; t <= 2 * n_;) {
    const std::string layer = moment(plan_, t).layer, stage = stage_of(layer);
    int end = t + 1;
    while (end <= 2 * n_ && end != n_ && t != n_ && stage_of(moment(plan_, end).layer) == stage) ++end;
    const double wide = slot_ * (end - t);
    box(t == n_ ? "band loss" : "band " + stages_.colour(layer), x(t) + 0.5, bands_top, wide - 1, bands_height);
    const auto letters = static_cast<double>(stage.size());
    if (letters * bold_letter < wide) label(x(t) + wide / 2, bands_top + 14, "band-name", stage);
    t = end;
  }
}

void Timeline::layer_labels() {
  for (int t = 0; t <= 2 * n_; ++t) {
    const Moment now = moment(plan_, t);
    std::string text = now.layer.empty() ? "loss" : without_encoder(now.layer);
    if (text.starts_with(stage_of(now.layer) + ".")) text = text.substr(text.find('.') + 1);  // the band has the rest
    page_.element("text",
                  {{"class", t == plan_.time_of_peak() ? "node at-peak" : "node"},
                   {"transform", fmt::format("translate({:.2f} {}) rotate(-90)", x(t) + slot_ / 2 + 3, labels_top)}},
                  text);
  }
}

void Timeline::peak_line() {
  const int t = plan_.time_of_peak();
  box("peak", x(t), curve_top - 18, slot_, bands_top - 4 - (curve_top - 18));
}

void Timeline::peak_label() {
  const int t = plan_.time_of_peak();
  const double at = x(t) + slot_ / 2;
  const bool flip = at > width * 0.6;
  line("peak-line", at, curve_top, at, bands_top);
  page_.empty("circle", {{"class", "peak-dot"}, {"cx", number(at)}, {"cy", number(curve_top)}, {"r", "4.5"}});
  const std::string text = fmt::format("peak {} MB: {}", megabytes(plan_.live_bytes()), moment(plan_, t).text());
  page_.element("text",
                {{"class", flip ? "peak-name flip" : "peak-name"},
                 {"x", number(at + (flip ? -10 : 10))},
                 {"y", number(curve_top - 4)}},
                text);
}

void Timeline::buffer(const Buffer& b) {
  const double wide = slot_ * (b.last - b.first + 1), top = map_y(b.offset + b.bytes), high = map_y(b.offset) - top;
  page_.open("g", {{"class", "buffer"}, {"tabindex", "-1"}, {"data-layer", b.scope}, {"role", "img"}});
  const std::string first = moment(plan_, b.first).text(), last = moment(plan_, b.last).text();
  page_.element(
      "title", {},
      fmt::format("{} ({}): {}, {} MB at offset {} MB, {}", b.scope, b.op, role_text(plan_, b), megabytes(b.bytes),
                  megabytes(b.offset), first == last ? "in the " + first : "from the " + first + " to the " + last));
  box(use_of(plan_, b) + " " + stages_.colour(b.scope), x(b.first), top, wide, std::max(high, 0.4));
  if (high >= 12 && is_kept(plan_, b))
    for (const std::string& text :
         {fmt::format("{} \u00b7 {} \u00b7 {} MB", without_encoder(b.scope), name_of(b.role), megabytes(b.bytes)),
          fmt::format("{} \u00b7 {} MB", without_encoder(b.scope), megabytes(b.bytes)), without_encoder(b.scope)})
      if (static_cast<double>(text.size()) * letter + 8 <= wide) {
        label(x(b.first) + 5, top + high / 2 + 4, "inside", text);
        break;
      }
  page_.close();
}

}  // namespace

std::string stage_of(const std::string& layer) {
  if (layer.empty()) return "loss";
  const std::string inner = without_encoder(layer);
  if (inner.size() < layer.size() && (inner == "conv1" || inner == "bn1")) return "stem";
  return inner.substr(0, inner.find('.'));
}

Stages::Stages(const MemoryProfile& profile) {
  for (const LayerMemory& layer : profile.layers)
    if (const std::string stage = stage_of(layer.name); std::find(names.begin(), names.end(), stage) == names.end())
      names.push_back(stage);
}

std::string Stages::colour(const std::string& layer) const {
  const std::string stage = stage_of(layer);
  if (stage == "input") return "c0";
  const auto place = std::find(names.begin(), names.end(), stage) - names.begin();
  const auto inputs = std::count(names.begin(), names.end(), "input");
  return fmt::format("c{}", 1 + (place - inputs) % (colours - 1));
}

std::string use_of(const MemoryPlan& plan, const Buffer& buffer) {
  if (is_kept(plan, buffer)) return "kept";
  if (buffer.role == Role::gradient || buffer.role == Role::addend) return "gradient";
  if (buffer.role == Role::output || buffer.role == Role::recomputed || buffer.role == Role::saved) return "passing";
  return "workspace";
}

void write_timeline(Markup& page, const MemoryPlan& plan, const MemoryProfile& profile, const Stages& stages) {
  Timeline(page, plan, profile, stages).write();
}

}  // namespace cg
