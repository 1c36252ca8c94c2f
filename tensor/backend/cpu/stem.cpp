#include "tensor/backend/cpu/stem.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace cg::cpu {
namespace {

constexpr Index taps = 7, half = 4, channels = 32, pad = 3;

/// Calls body(place in W, place in w or −1 for the eighth tap) for all weights of one output channel.
template <class Body>
void for_each_weight(const Body& body) {
  Index at = 0;
  for (Index ad = 0; ad < half; ++ad)
    for (Index ah = 0; ah < half; ++ah)
      for (Index bd = 0; bd < 2; ++bd)
        for (Index bh = 0; bh < 2; ++bh)
          for (Index w = 0; w < 2 * half; ++w, ++at) {  // w = 2 a_w + b_w
            const Index d = 2 * ad + bd, h = 2 * ah + bh;
            body(at, d < taps && h < taps && w < taps ? (d * taps + h) * taps + w : -1);
          }
}

constexpr Index weights_of_one = half * half * channels, taps_of_one = taps * taps * taps;

}  // namespace

bool Stem::fits(const Conv3d& op, const Shape& x, const Shape& w) {
  return x[4] == 1 && w[1] == taps && w[2] == taps && w[3] == taps && op.stride == Triple{2, 2, 2} &&
         op.padding == Triple{pad, pad, pad};
}

Stem::Stem(const Shape& x, const Shape& w) {
  const auto out = [](Index extent) { return (extent + 2 * pad - taps) / 2 + 1; };
  packed = {x[0], out(x[1]) + half - 1, out(x[2]) + half - 1, out(x[3]), channels};
  weights = {w[0], half, half, 1, channels};
}

void Stem::pack(const bfloat16* x, const Shape& shape, bfloat16* g) const {
  const Index depth = shape[1], height = shape[2], width = shape[3];
  const Index samples = packed[0], rows_d = packed[1], rows_h = packed[2], out_width = packed[3];
  const Index padded_width = 2 * (out_width + half - 1), shown = std::min(width, padded_width - pad);
#pragma omp parallel
  {
    std::vector<bfloat16> lines(static_cast<std::size_t>(4 * padded_width));  // one for each (b_d, b_h), zeros around
#pragma omp for collapse(3) schedule(static)
    for (Index n = 0; n < samples; ++n)
      for (Index md = 0; md < rows_d; ++md)
        for (Index mh = 0; mh < rows_h; ++mh) {
          for (Index b = 0; b < 4; ++b) {
            bfloat16* line = lines.data() + b * padded_width;
            const Index d = 2 * md + b / 2 - pad, h = 2 * mh + b % 2 - pad;
            std::fill_n(line, padded_width, bfloat16());
            if (d >= 0 && d < depth && h >= 0 && h < height)
              std::copy_n(x + ((n * depth + d) * height + h) * width, shown, line + pad);
          }
          bfloat16* target = g + ((n * rows_d + md) * rows_h + mh) * out_width * channels;
          for (Index w = 0; w < out_width; ++w)
            for (Index b = 0; b < 4; ++b, target += 2 * half)
              std::memcpy(target, lines.data() + b * padded_width + 2 * w, 2 * half * sizeof(bfloat16));
        }
  }
}

void Stem::pack_weights(const float* w, float* packed_weights) const {
  for (Index o = 0; o < weights[0]; ++o)
    for_each_weight(
        [&](Index at, Index tap) { packed_weights[o * weights_of_one + at] = tap < 0 ? 0 : w[o * taps_of_one + tap]; });
}

void Stem::unpack_weights(const float* packed_weights, float* w) const {
  for (Index o = 0; o < weights[0]; ++o)
    for_each_weight([&](Index at, Index tap) {
      if (tap >= 0) w[o * taps_of_one + tap] = packed_weights[o * weights_of_one + at];
    });
}

}  // namespace cg::cpu
