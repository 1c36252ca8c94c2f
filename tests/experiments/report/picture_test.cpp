// SPDX-License-Identifier: Apache-2.0
// Drawings: SVG and PNG show the same, axes have round numbers, and intervals end where their numbers are.
#include "experiments/report/picture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "experiments/report/axes.h"
#include "experiments/report/picture_png.h"
#include "experiments/report/picture_svg.h"
#include "experiments/report/row_plots.h"
#include "experiments/report/training_plots.h"
#include "tests/support/png.h"
#include "tests/support/well_formed.h"

using namespace cg;
using namespace cg::test;

namespace {

template <class Kind>
std::vector<Kind> shapes_of(const Picture& picture) {
  std::vector<Kind> out;
  for (const Shape2d& shape : picture.shapes)
    if (const auto* found = std::get_if<Kind>(&shape)) out.push_back(*found);
  return out;
}

/// The value at a place of the x axis, by two of its numbers.
double value_at(const Picture& picture, double x) {
  std::vector<std::pair<double, double>> ticks;
  for (const Label& label : shapes_of<Label>(picture)) {
    std::string text = label.text;
    if (text.starts_with("−")) text = "-" + text.substr(std::string("−").size());
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (label.anchor == Anchor::middle && *end == 0) ticks.emplace_back(label.at[0], value);
  }
  REQUIRE(ticks.size() >= 2);
  const auto [x0, v0] = ticks.front();
  const auto [x1, v1] = ticks.back();
  return v0 + (x - x0) / (x1 - x0) * (v1 - v0);
}

}  // namespace

TEST_CASE("picture: SVG and PNG have the shapes at the same places, and texts are escaped") {
  Picture picture{.title = "<b>&", .width = 100, .height = 60};
  picture.add(Disc{{30, 20}, 8, Paint{Ink::accent}, {}, "</title><script>"});
  picture.add(Label{{60, 50}, "a < b & \"c\""});
  const std::string svg = svg_file(picture);
  CHECK(malformed(svg) == "");
  CHECK(svg.find("<script") == std::string::npos);
  CHECK(svg.find("cx=\"30\"") != std::string::npos);
  const Png png(png_file(picture, 2));
  CHECK(png.width() == 200);
  CHECK(png.height() == 120);
  const Colour accent = light_colour(Ink::accent);
  const auto inside = png.at(60, 40), outside = png.at(80, 40);
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(inside[c] == accent[c]);
    CHECK(outside[c] == 255);
  }
}

TEST_CASE("picture: a text is shortened between characters, never inside one") {
  CHECK(fitted_text("short", 14, 100) == "short");
  const std::string fitted = fitted_text("ääääääääääääääää", 14, 60);
  CHECK(fitted.ends_with("…"));
  CHECK(fitted.size() % 2 == 1);  // two bytes a letter, three of the ellipsis
  CHECK(text_width(fitted, 14) <= 60);
}

TEST_CASE("axes: ends and steps are round numbers that include all values") {
  const Axis axis = round_axis(3.47, 9.21, "years");
  CHECK(axis.low <= 3.47);
  CHECK(axis.high >= 9.21);
  CHECK(axis.ticks.size() >= 4);
  CHECK(axis.ticks.size() <= 8);
  for (const double tick : axis.ticks) CHECK(std::abs(tick - std::round(tick)) < 1e-9);
  const Axis equal = round_axis(2, 2, "");
  CHECK(equal.low < 2);
  CHECK(equal.high > 2);
  CHECK(tick_text(-0.5) == "−0.5");
  CHECK(tick_text(-1e-15) == "0");
}

TEST_CASE("row plots: the ends of an interval are at its numbers, and one that excludes 0 is marked") {
  const Picture picture =
      intervals({{"wide", {-0.4, -1.3, 0.7, 0.4}, false}, {"better", {-2.1, -3.6, -0.4, 0.01}, true}}, "other");
  std::vector<Path> bars;
  for (const Path& path : shapes_of<Path>(picture))
    if (path.width == 2 && path.points[0][1] == path.points[1][1]) bars.push_back(path);
  REQUIRE(bars.size() == 2);
  CHECK(value_at(picture, bars[0].points[0][0]) == doctest::Approx(-1.3));
  CHECK(value_at(picture, bars[0].points[1][0]) == doctest::Approx(0.7));
  CHECK(value_at(picture, bars[1].points[0][0]) == doctest::Approx(-3.6));
  CHECK(value_at(picture, bars[1].points[1][0]) == doctest::Approx(-0.4));
  CHECK(bars[0].stroke->role == Ink::ink);
  CHECK(bars[1].stroke->role == Ink::accent);
  const std::vector<Disc> means = shapes_of<Disc>(picture);
  REQUIRE(means.size() == 2);
  CHECK(value_at(picture, means[0].at[0]) == doctest::Approx(-0.4));
}

TEST_CASE("row plots: the numbers of an axis stay in the picture, however long they are") {
  const Picture picture = intervals({{"row", {0.0003, -0.0002, 0.00059, 0.4}, false}}, "other");
  for (const Label& label : shapes_of<Label>(picture))
    if (label.anchor == Anchor::middle) CHECK(label.at[0] + 0.6 * text_width(label.text, 14) <= picture.width);
}

TEST_CASE("row plots: each seed is a dot at its error, and the bar goes from mean − SD to mean + SD") {
  const Picture picture = seed_dots({{"row", {4.0, 5.0, 6.0}, {5.0, 1.0}, MeanSd{3.0, 0.5}}}, "title", "years");
  std::vector<double> dots;
  for (const Disc& disc : shapes_of<Disc>(picture))
    if (!disc.title.empty()) dots.push_back(value_at(picture, disc.at[0]));
  REQUIRE(dots.size() == 3);
  for (std::size_t k = 0; k < 3; ++k) CHECK(dots[k] == doctest::Approx(4.0 + static_cast<double>(k)));
  std::vector<std::array<double, 2>> bars;
  for (const Path& path : shapes_of<Path>(picture))
    if (path.points.size() == 2 && path.points[0][1] == path.points[1][1] && path.points[0][1] > 30)
      bars.push_back({value_at(picture, path.points[0][0]), value_at(picture, path.points[1][0])});
  REQUIRE(bars.size() == 2);
  CHECK(bars[0][0] == doctest::Approx(4.0));
  CHECK(bars[0][1] == doctest::Approx(6.0));
  CHECK(bars[1][0] == doctest::Approx(2.5));
  CHECK(bars[1][1] == doctest::Approx(3.5));
}

TEST_CASE("curves: the band goes from the lowest to the highest seed; epochs without a value are left out") {
  const Curve curve = curve_of("row", {{3, NAN, 1}, {5, NAN, 2}, {4}});
  REQUIRE(curve.mean.size() == 3);
  CHECK(curve.mean[0] == doctest::Approx(4));
  CHECK(curve.low[0] == 3);
  CHECK(curve.high[0] == 5);
  CHECK(std::isnan(curve.mean[1]));
  CHECK(curve.mean[2] == doctest::Approx(1.5));
  std::vector<Path> lines;
  for (const Path& path : shapes_of<Path>(curve_panels({curve}, "title", "loss")))
    if (path.stroke && path.stroke->role == Ink::c0) lines.push_back(path);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].points.size() == 2);
}

TEST_CASE("row plots: a row's dots and intervals are beside its own label") {
  const auto check = [](const Picture& picture, const std::vector<std::pair<std::string, double>>& rows) {
    for (const auto& [text, value] : rows) {
      CAPTURE(text);
      const std::vector<Label> labels = shapes_of<Label>(picture);
      const auto label = std::ranges::find(labels, text, &Label::text);
      REQUIRE(label != labels.end());
      std::size_t beside = 0;
      for (const Disc& disc : shapes_of<Disc>(picture)) {
        if (std::abs(disc.at[1] - label->at[1]) > 6) continue;
        CHECK(value_at(picture, disc.at[0]) == doctest::Approx(value));
        ++beside;
      }
      CHECK(beside == 1);
    }
  };
  check(
      seed_dots({{"first", {4.0}, {4.0, NAN}}, {"second", {7.0}, {7.0, NAN}}, {"third", {9.0}, {9.0, NAN}}}, "t", "x"),
      {{"first", 4}, {"second", 7}, {"third", 9}});
  check(intervals({{"first", {-0.4, -1.3, 0.7, 0.4}}, {"second", {-2.1, -3.6, -0.4, 0.01}}}, "other"),
        {{"first", -0.4}, {"second", -2.1}});
}

TEST_CASE("step curves: each line has its own values, in the colour of its label") {
  const Picture picture = step_curves({curve_of("falls", {{9, 5, 2}}), curve_of("stays", {{7, 7, 7}})}, "t", "n");
  for (const auto& [text, last] : {std::pair{"falls", 2.0}, {"stays", 7.0}}) {
    CAPTURE(text);
    const std::vector<Label> labels = shapes_of<Label>(picture);
    const auto label = std::ranges::find(labels, std::string(text), &Label::text);
    REQUIRE(label != labels.end());
    const std::vector<Path> paths = shapes_of<Path>(picture);
    const auto sample = std::ranges::find_if(
        paths, [&](const Path& p) { return p.width == 3 && std::abs(p.points[0][1] + 5 - label->at[1]) < 1; });
    REQUIRE(sample != paths.end());
    const auto line = std::ranges::find_if(
        paths, [&](const Path& p) { return p.points.size() > 2 && p.stroke->role == sample->stroke->role; });
    REQUIRE(line != paths.end());
    const auto zero = std::ranges::find_if(labels, [](const Label& l) { return l.text == "0"; });
    const auto eight = std::ranges::find_if(labels, [](const Label& l) { return l.text == "8"; });
    REQUIRE(zero != labels.end());
    REQUIRE(eight != labels.end());
    const double year = (zero->at[1] - eight->at[1]) / 8, drop = line->points[0][1] - line->points.back()[1];
    CHECK(-drop / year == doctest::Approx((last == 7 ? 7 : 9) - last));
  }
}
