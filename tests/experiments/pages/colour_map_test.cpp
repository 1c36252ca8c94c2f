// SPDX-License-Identifier: Apache-2.0
#include "experiments/pages/colour_map.h"

#include <doctest/doctest.h>

using namespace cg;

namespace {

/// CIE L* of an sRGB colour, 0 … 100.
double lightness(const Colour& c) {
  const auto linear = [](double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); };
  const double y = 0.2126 * linear(c[0] / 255.0) + 0.7152 * linear(c[1] / 255.0) + 0.0722 * linear(c[2] / 255.0);
  return y > 0.008856 ? 116 * std::cbrt(y) - 16 : 903.3 * y;
}

}  // namespace

TEST_CASE("Viridis: its ends are dark purple and bright yellow, and values outside have the colours of the ends") {
  CHECK(viridis(0) == Colour{68, 1, 84});
  CHECK(viridis(1) == Colour{253, 231, 37});
  CHECK(viridis(0.5) == Colour{33, 145, 140});
  CHECK(viridis(-3) == viridis(0));
  CHECK(viridis(3) == viridis(1));
}

TEST_CASE("Viridis: lightness grows evenly, without a darker step or a jump") {
  const double dark = lightness(viridis(0)), bright = lightness(viridis(1));
  CHECK(dark < 16);
  CHECK(bright > 90);
  for (int k = 0; k < 50; ++k) {
    const double step = lightness(viridis((k + 1) / 50.0)) - lightness(viridis(k / 50.0));
    CAPTURE(k);
    CHECK(step >
          0.5 * (bright - dark) / 50);  // more than half of an even step; rounding to 8 bits is a fifth of a step
    CHECK(step < 1.5 * (bright - dark) / 50);
  }
}

TEST_CASE("Warm or cold: weak values show the grey, strong values do not, and the signs can be distinguished") {
  for (const Colour& grey : {Colour{35, 35, 35}, Colour{215, 215, 215}}) {
    CHECK(warm_or_cold(0, grey) == grey);
    for (const double t : {0.5, 0.75, 1.0, 3.0}) {
      CAPTURE(t);
      const Colour warm = warm_or_cold(t, grey), cold = warm_or_cold(-t, grey);
      CHECK(warm == warm_or_cold(t, {0, 0, 0}));
      CHECK(cold == warm_or_cold(-t, {0, 0, 0}));
      CHECK(warm[0] > warm[2] + 100);
      CHECK(cold[2] > cold[0] + 100);
    }
    const Colour weak = warm_or_cold(0.1, grey), strong = warm_or_cold(0.4, grey);
    CHECK(weak[0] - weak[2] < strong[0] - strong[2]);
  }
  CHECK(lightness(warm_or_cold(1, {0, 0, 0})) > lightness(warm_or_cold(0.5, {0, 0, 0})) + 15);
  CHECK(lightness(warm_or_cold(-1, {0, 0, 0})) > lightness(warm_or_cold(-0.5, {0, 0, 0})) + 15);
}
