// SPDX-License-Identifier: Apache-2.0
// Numbers as colours. viridis (N. Smith & S. van der Walt, 2015, CC0): its lightness grows evenly from dark to bright,
// so that equal steps look equal, also in grey print and for colour-blind readers. And a scale for numbers with a sign,
// for drawing over a grey picture.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace cg {

/// Red, green, blue, 0 … 255 each (sRGB).
using Colour = std::array<std::uint8_t, 3>;

/// The colour between two colours at the share t of the way.
inline Colour interpolate(const Colour& from, const Colour& to, double t) {
  Colour out;
  for (std::size_t c = 0; c < 3; ++c) out[c] = static_cast<std::uint8_t>(std::lround(std::lerp(from[c], to[c], t)));
  return out;
}

/// The colour of t in [0, 1], linear between viridis' colours at 0, 0.1, … 1; outside, the colour of the nearer end.
inline Colour viridis(double t) {
  static constexpr std::array<Colour, 11> points = {{{68, 1, 84},
                                                     {72, 36, 117},
                                                     {65, 68, 135},
                                                     {53, 95, 141},
                                                     {42, 120, 142},
                                                     {33, 145, 140},
                                                     {34, 168, 132},
                                                     {68, 191, 112},
                                                     {122, 209, 81},
                                                     {189, 223, 38},
                                                     {253, 231, 37}}};
  const double place = 10 * std::clamp(t, 0.0, 1.0), below = std::min(std::floor(place), 9.0);
  return interpolate(points[static_cast<std::size_t>(below)], points[static_cast<std::size_t>(below) + 1],
                     place - below);
}

/// The colour of t in [-1, 1] over a grey: from red to yellow above 0, from blue to pale blue below 0. The nearer t is
/// to 0, the more of the grey is visible, so that weak values look weak.
inline Colour warm_or_cold(double t, const Colour& grey) {
  constexpr Colour red = {200, 32, 32}, yellow = {255, 236, 110}, blue = {32, 80, 200}, pale = {150, 235, 255};
  constexpr double opaque = 0.5;
  const double size = std::min(std::abs(t), 1.0);
  const Colour full = t > 0 ? interpolate(red, yellow, size) : interpolate(blue, pale, size);
  return interpolate(grey, full, std::min(size / opaque, 1.0));
}

}  // namespace cg
