// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/picture_svg.h"

#include <fmt/format.h>

namespace cg {
namespace {

constexpr const char* names[inks] = {"paper", "ink", "soft", "rule", "accent", "c0", "c1",
                                     "c2",    "c3",  "c4",   "c5",   "c6",     "c7"};

/// At most two decimals.
std::string number(double value) {
  std::string out = fmt::format("{:.2f}", value);
  while (out.ends_with('0')) out.pop_back();
  if (out.ends_with('.')) out.pop_back();
  return out == "-0" ? "0" : out;
}

std::string hexadecimal(const Colour& c) { return fmt::format("#{:02x}{:02x}{:02x}", c[0], c[1], c[2]); }

class Writer {
 public:
  explicit Writer(Markup& out) : out_(out) {}

  void operator()(const Path& path) {
    std::string d;
    for (std::size_t k = 0; k < path.points.size(); ++k)
      d += fmt::format("{}{} {}", k == 0 ? "M" : "L", number(path.points[k][0]), number(path.points[k][1]));
    if (path.closed) d += "Z";
    out_.empty("path", {{"class", classes(path.fill, path.stroke, path.dashed ? "dash" : "")},
                        {"style", style(path.fill, path.stroke, path.width)},
                        {"d", d}});
  }

  void operator()(const Disc& disc) {
    out_.open("circle", {{"class", classes(disc.fill, disc.stroke, disc.fill && disc.fill->colour ? "own" : "")},
                         {"style", style(disc.fill, disc.stroke, 1.5)},
                         {"cx", number(disc.at[0])},
                         {"cy", number(disc.at[1])},
                         {"r", number(disc.radius)}});
    if (!disc.title.empty()) out_.element("title", {}, disc.title);
    out_.close();
  }

  void operator()(const Label& label) {
    const char* anchors[] = {"start", "middle", "end"};
    const std::string place = number(label.at[0]) + " " + number(label.at[1]);
    out_.element("text",
                 {{"class", classes(label.paint, {}, label.bold ? "bold" : "")},
                  {"style", style(label.paint, {}, 0)},
                  {"font-size", number(label.size)},
                  {"text-anchor", anchors[static_cast<std::size_t>(label.anchor)]},
                  {"transform", "translate(" + place + ")" + (label.upwards ? " rotate(-90)" : "")}},
                 label.text);
  }

 private:
  static std::string classes(const std::optional<Paint>& fill, const std::optional<Paint>& stroke,
                             const std::string& more) {
    std::string out = fill ? fmt::format("f-{}", names[static_cast<std::size_t>(fill->role)]) : "f-none";
    if (stroke) out += fmt::format(" s-{}", names[static_cast<std::size_t>(stroke->role)]);
    return more.empty() ? out : out + " " + more;
  }

  /// What differs from shape to shape: colours without a role, opacity, width.
  static std::string style(const std::optional<Paint>& fill, const std::optional<Paint>& stroke, double width) {
    std::string out;
    if (fill && fill->colour) out += "fill:" + hexadecimal(*fill->colour) + ";";
    if (fill && fill->opacity < 1) out += "fill-opacity:" + number(fill->opacity) + ";";
    if (stroke && stroke->colour) out += "stroke:" + hexadecimal(*stroke->colour) + ";";
    if (stroke && stroke->opacity < 1) out += "stroke-opacity:" + number(stroke->opacity) + ";";
    if (stroke) out += "stroke-width:" + number(width);
    return out;
  }

  Markup& out_;
};

}  // namespace

void write_svg(Markup& page, const Picture& picture) {
  page.open("svg", {{"class", "picture"},
                    {"viewBox", fmt::format("0 0 {} {}", number(picture.width), number(picture.height))},
                    {"role", "img"},
                    {"aria-label", picture.title}});
  Writer writer(page);
  for (const Shape2d& shape : picture.shapes) std::visit(writer, shape);
  page.close();
}

std::string svg_file(const Picture& picture) {
  Markup file;
  file.open("svg", {{"xmlns", "http://www.w3.org/2000/svg"},
                    {"width", number(picture.width)},
                    {"height", number(picture.height)},
                    {"viewBox", fmt::format("0 0 {} {}", number(picture.width), number(picture.height))},
                    {"font-family", "DejaVu Sans, Verdana, sans-serif"}});
  file.element("title", {}, picture.title);
  std::string style = ".f-none { fill: none; } .dash { stroke-dasharray: 5 4; } .bold { font-weight: bold; }\n";
  for (std::size_t k = 0; k < inks; ++k) {
    const std::string colour = hexadecimal(light_colour(static_cast<Ink>(k)));
    style += fmt::format(".f-{0} {{ fill: {1}; }} .s-{0} {{ stroke: {1}; }}\n", names[k], colour);
  }
  file.element("style", {}, style);
  file.empty("rect", {{"width", "100%"}, {"height", "100%"}, {"fill", "#ffffff"}});
  Writer writer(file);
  for (const Shape2d& shape : picture.shapes) std::visit(writer, shape);
  return file.close().take();
}

}  // namespace cg
