// The stem in bfloat16: a 7³ convolution with stride 2 of one channel starves matrix units, as there is nothing to sum
// over but taps. The same sum with 32 channels, exactly:
//   with the input padded by 3 in front and to 2(O + 3) in all, tap k = 2a + b (a = 0 … 3, b = 0, 1; tap 7 is zero) and
//   G[m_d, m_h, o_w; b_d, b_h, a_w, b_w] = padded[2 m_d + b_d, 2 m_h + b_h, 2 (o_w + a_w) + b_w],
//   y[o_d, o_h, o_w] = Σ_{a_d, a_h} Σ_c W[a_d, a_h; c] G[o_d + a_d, o_h + a_h, o_w; c]: a 4×4×1 filter, stride 1.
#pragma once

#include "tensor/ops/conv3d.h"

namespace cg::cpu {

struct Stem {
  Shape packed;                              ///< of G: [n, O_d + 3, O_h + 3, O_w, 32]
  Shape weights;                             ///< of W: [O, 4, 4, 1, 32]
  static constexpr Conv3d convolution = {};  ///< stride 1, no padding

  /// Whether this is the convolution described above.
  static bool fits(const Conv3d& op, const Shape& x, const Shape& w);
  Stem(const Shape& x, const Shape& w);

  void pack(const bfloat16* x, const Shape& shape, bfloat16* g) const;  ///< G from x [n, D, H, W, 1]
  void pack_weights(const float* w, float* packed_weights) const;       ///< W from w [O, 7, 7, 7, 1]
  void unpack_weights(const float* packed_weights, float* w) const;     ///< the way back, dropping the eighth taps
};

}  // namespace cg::cpu
