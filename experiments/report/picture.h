// SPDX-License-Identifier: Apache-2.0
// A drawing as a list of shapes, from which pages, SVG files and PNG files are written: one drawing for all of them.
// Colours are roles, so that a page shows them in light and in dark mode. Read next: experiments/pages/colour_map.h.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "experiments/pages/colour_map.h"

namespace cg {

/// What a colour is for; c0 to c7 are those of groups.
enum class Ink : std::size_t { paper, ink, soft, rule, accent, c0, c1, c2, c3, c4, c5, c6, c7 };
constexpr std::size_t inks = 13;

/// The group's colour, repeated after the eighth.
inline Ink group_ink(std::size_t group) { return static_cast<Ink>(static_cast<std::size_t>(Ink::c0) + group % 8); }

struct Paint {
  Ink role = Ink::ink;
  std::optional<Colour> colour = {};  ///< instead of the role: the same in both modes
  double opacity = 1;
};

using Point = std::array<double, 2>;  ///< x to the right, y downwards, pixels

/// A line, or an area if it has a fill.
struct Path {
  std::vector<Point> points;
  std::optional<Paint> fill = {}, stroke = {};
  double width = 1.5;
  bool dashed = false, closed = false;
};

struct Disc {
  Point at;
  double radius = 4;
  std::optional<Paint> fill = {}, stroke = {};
  std::string title = {};  ///< shown when a reader points at it
};

enum class Anchor { start, middle, end };

struct Label {
  Point at;  ///< on the text's base line
  std::string text;
  Anchor anchor = Anchor::start;
  double size = 13;
  Paint paint = {Ink::soft};
  bool bold = false, upwards = false;  ///< upwards: rotated by 90 degrees
};

using Shape2d = std::variant<Path, Disc, Label>;

struct Picture {
  std::string title;  ///< for screen readers
  double width = 560, height = 320;
  std::vector<Shape2d> shapes = {};

  void line(Point from, Point to, Paint paint, double thick = 1.5, bool dashed = false);
  void add(Shape2d shape) { shapes.push_back(std::move(shape)); }
};

/// The colour of a role in light mode, which files have.
Colour light_colour(Ink role);

/// The width of a text in pixels, estimated so that it is rarely too small.
double text_width(const std::string& text, double size);

/// The text, shortened with an ellipsis if it is wider than `most` pixels.
std::string fitted_text(const std::string& text, double size, double most);

}  // namespace cg
