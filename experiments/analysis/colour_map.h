// Numbers as colours: viridis (N. Smith & S. van der Walt, 2015, CC0), whose lightness grows evenly from dark to
// bright, so that equal steps look equal, in grey print and to colour-blind readers too.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace cg {

/// Red, green, blue, 0 … 255 each (sRGB).
using Colour = std::array<std::uint8_t, 3>;

/// The colour of t in [0, 1], linear between viridis' colours at 0, 0.1, … 1; outside: the nearer end's.
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
  const Colour &low = points[static_cast<std::size_t>(below)], &high = points[static_cast<std::size_t>(below) + 1];
  Colour out;
  for (std::size_t c = 0; c < 3; ++c)
    out[c] = static_cast<std::uint8_t>(std::lround(std::lerp(low[c], high[c], place - below)));
  return out;
}

}  // namespace cg
