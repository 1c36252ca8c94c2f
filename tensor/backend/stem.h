// SPDX-License-Identifier: Apache-2.0
// The stem in bfloat16: a 7³ convolution with stride 2 of one channel starves matrix units, as there is nothing to sum
// over but taps. The same sum with 32 channels, exactly:
//   with the input padded by 3 in front and to 2(O + 3) in all, tap k = 2a + b (a = 0 … 3, b = 0, 1; tap 7 is zero) and
//   G[m_d, m_h, o_w; b_d, b_h, a_w, b_w] = padded[2 m_d + b_d, 2 m_h + b_h, 2 (o_w + a_w) + b_w],
//   y[o_d, o_h, o_w] = Σ_{a_d, a_h} Σ_c W[a_d, a_h; c] G[o_d + a_d, o_h + a_h, o_w; c]: a 4×4×1 filter, stride 1.
//
// Along one axis, with 6 voxels x0 … x5 and O = 3, padded to 12 numbers, which are 6 pairs (b = 0, 1):
//   pair       0       1       2       3       4       5
//          | 0   0 | 0  x0 | x1 x2 | x3 x4 | x5  0 | 0   0 |
//   y[0]    <----------------------------->                    taps 0 … 7 are the pairs a = 0 … 3, the last one is zero
//   y[1]            <----------------------------->
//   y[2]                    <----------------------------->
// In depth and height a pair becomes 2 channels, over which the filter goes pair by pair. In width the 4 pairs that an
// output sees become 8 channels, and the filter has extent 1: 2 · 2 · 8 = 32 channels.
#pragma once

#include "tensor/ops/conv3d.h"

namespace cg {

struct Stem {
  static constexpr int taps = 7, half = 4, channels = 32, pad = 3;
  static constexpr int taps_of_one = taps * taps * taps;         ///< w of one output channel
  static constexpr int weights_of_one = half * half * channels;  ///< W of one output channel
  static constexpr Conv3d convolution = {};                      ///< stride 1, no padding

  Shape packed;   ///< of G: [n, O_d + 3, O_h + 3, O_w, 32]
  Shape weights;  ///< of W: [O, 4, 4, 1, 32]

  /// Whether this is the convolution described above.
  static bool fits(const Conv3d& op, const Shape& x, const Shape& w) {
    return x[4] == 1 && w[1] == taps && w[2] == taps && w[3] == taps && op.stride == Triple{2, 2, 2} &&
           op.padding == Triple{pad, pad, pad};
  }

  Stem(const Shape& x, const Shape& w) {
    const auto out = [](Index extent) { return (extent + 2 * pad - taps) / 2 + 1; };
    packed = {x[0], out(x[1]) + half - 1, out(x[2]) + half - 1, out(x[3]), channels};
    weights = {w[0], half, half, 1, channels};
  }

  /// The place in one channel's w [7, 7, 7] of number `at` of its W [4, 4, 1, 32]; −1 for an eighth tap.
  static constexpr int tap(int at) {
    const int last = at % 8, b = at / 8 % 4, a = at / channels;
    const int d = 2 * (a / half) + b / 2, h = 2 * (a % half) + b % 2;
    return d < taps && h < taps && last < taps ? (d * taps + h) * taps + last : -1;
  }
  /// The way back: the place in W of number `tap` of w.
  static constexpr int place(int tap) {
    const int d = tap / (taps * taps), h = tap / taps % taps, last = tap % taps;
    return (d / 2 * half + h / 2) * channels + (d % 2 * 2 + h % 2) * 8 + last;
  }
};

}  // namespace cg
