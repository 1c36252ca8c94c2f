// SPDX-License-Identifier: Apache-2.0
// Every prediction has its mark in the picture, and one outside of the axes is marked as such.
#include "experiments/pages/scatter.h"

#include <doctest/doctest.h>

#include <regex>

using cg::scatter_svg;

namespace {

std::string picture(const std::vector<double>& ages, const std::vector<double>& predicted,
                    const std::vector<std::string>& groups = {}, const cg::ScatterText& text = {"title", {}, ""}) {
  return scatter_svg(ages, predicted, groups.empty() ? std::vector<std::string>(ages.size()) : groups, text);
}

std::size_t count(const std::string& text, const std::string& words) {
  std::size_t n = 0;
  for (std::size_t at = text.find(words); at != text.npos; at = text.find(words, at + 1)) ++n;
  return n;
}

/// The y of the circles, and of the edges at which triangles are.
std::vector<double> heights(const std::string& svg, const std::string& pattern) {
  std::vector<double> out;
  const std::regex expression(pattern);
  for (std::sregex_iterator it(svg.begin(), svg.end(), expression), end; it != end; ++it)
    out.push_back(std::stod((*it)[1]));
  return out;
}

}  // namespace

TEST_CASE("scatter: predictions inside of the axes are circles at their height, without a word about others") {
  const std::string svg = picture({20, 40, 60}, {0, 45, 60});
  CHECK(count(svg, "<circle") == 3);
  CHECK(count(svg, "class='outside'") == 0);
  CHECK(svg.find("prediction") == svg.npos);
  const std::vector<double> y = heights(svg, "cy='([0-9.]+)'");
  REQUIRE(y.size() == 3);
  CHECK(y[0] - y[2] == doctest::Approx(420).epsilon(1e-3));  // the whole axis: 60 years
  CHECK(y[0] - y[1] == doctest::Approx(420 * 0.75).epsilon(1e-3));
}

TEST_CASE("scatter: a negative prediction is a triangle at the lower edge, and the picture gives number and lowest") {
  const std::string svg = picture({20, 25, 60}, {-0.5, -7.25, 60});
  CHECK(count(svg, "<circle") == 1);
  CHECK(count(svg, "class='outside'") == 2);
  CHECK_MESSAGE(svg.find("▼ 2 predictions are below 0 (the lowest at -7.2 years)") != svg.npos, svg);
  const double bottom = heights(svg, "cy='([0-9.]+)'")[0] + 420;
  for (const double edge : heights(svg, "class='outside' d='M[0-9.]+ ([0-9.]+)l6 -11h-12z"))
    CHECK(edge == doctest::Approx(bottom));
  CHECK(count(svg, "l6 -11h-12z'") == 2);  // the tip is below
}

TEST_CASE("scatter: a prediction far above all ages does not stretch the axes; it is a triangle at the upper edge") {
  const std::string near = picture({20, 55}, {30, 71}), far = picture({20, 55}, {30, 900});
  CHECK(near.find(">80</text>") != near.npos);  // the axis reaches it
  CHECK(count(near, "<circle") == 2);
  CHECK(count(near, "class='outside'") == 0);
  CHECK(far.find(">60</text>") != far.npos);
  CHECK(far.find(">80</text>") == far.npos);
  CHECK(count(far, "<circle") == 1);
  CHECK(count(far, "l6 11h-12z'") == 1);
  CHECK_MESSAGE(far.find("▲ 1 prediction is above 60 (at 900.0 years)") != far.npos, far);
  const std::string both = picture({20, 55}, {-1, 900});
  CHECK_MESSAGE(both.find("▼ 1 prediction is below 0 (at -1.0 years)</text>") != both.npos, both);
  CHECK_MESSAGE(both.find(">▲ 1 prediction is above 60 (at 900.0 years)</text>") != both.npos, both);
}

TEST_CASE("scatter: title, lines and note are there, escaped, and do not cover the area") {
  const std::string plain = picture({20, 50}, {30, 40}),
                    svg = picture({20, 50}, {30, 40}, {"a", "<b>"}, {"<&>", {"line one", "line 'two'"}, "not real"});
  for (const char* words : {"&lt;&amp;&gt;</text>", ">line one</text>", "&#39;two&#39;</text>", ">not real</text>",
                            ">study a</text>", ">study &lt;b&gt;</text>"})
    CHECK_MESSAGE(svg.find(words) != svg.npos, words);
  const double shift = heights(svg, "cy='([0-9.]+)'")[0] - heights(plain, "cy='([0-9.]+)'")[0];
  CHECK(shift == doctest::Approx(3 * 17 + 4));
}
