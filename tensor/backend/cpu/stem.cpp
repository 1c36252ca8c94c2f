// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cpu/stem.h"

#include <algorithm>
#include <cstring>

#include "tensor/parallel.h"

namespace cg::cpu {

void pack_volumes(const Stem& stem, const bfloat16* x, const Shape& shape, bfloat16* g) {
  constexpr Index half = Stem::half, pad = Stem::pad, channels = Stem::channels;
  const Index depth = shape[1], height = shape[2], width = shape[3];
  const Index samples = stem.packed[0], rows_d = stem.packed[1], rows_h = stem.packed[2], out_width = stem.packed[3];
  const Index padded_width = 2 * (out_width + half - 1), shown = std::min(width, padded_width - pad);
  RegionErrors errors;
#pragma omp parallel
  {
    const ThreadRow<bfloat16> row(4 * padded_width, errors);
    bfloat16* lines = row.data();  // one for each (b_d, b_h), zeros around
#pragma omp for collapse(3) schedule(static)
    for (Index n = 0; n < samples; ++n)
      for (Index md = 0; md < rows_d; ++md)
        for (Index mh = 0; mh < rows_h; ++mh) {
          if (!lines) continue;
          for (Index b = 0; b < 4; ++b) {
            bfloat16* line = lines + b * padded_width;
            const Index d = 2 * md + b / 2 - pad, h = 2 * mh + b % 2 - pad;
            std::fill_n(line, padded_width, bfloat16());
            if (d >= 0 && d < depth && h >= 0 && h < height)
              std::copy_n(x + ((n * depth + d) * height + h) * width, shown, line + pad);
          }
          bfloat16* target = g + ((n * rows_d + md) * rows_h + mh) * out_width * channels;
          for (Index w = 0; w < out_width; ++w)
            for (Index b = 0; b < 4; ++b, target += 2 * half)
              std::memcpy(target, lines + b * padded_width + 2 * w, 2 * half * sizeof(bfloat16));
        }
  }
  errors.rethrow();
}

void pack_weights(const Stem& stem, const float* w, float* packed_weights) {
  for (Index o = 0; o < stem.weights[0]; ++o, w += Stem::taps_of_one, packed_weights += Stem::weights_of_one)
    for (int at = 0; at < Stem::weights_of_one; ++at) {
      const int tap = Stem::tap(at);
      packed_weights[at] = tap < 0 ? 0 : w[tap];
    }
}

void unpack_weights(const Stem& stem, const float* packed_weights, float* w) {
  for (Index o = 0; o < stem.weights[0]; ++o, w += Stem::taps_of_one, packed_weights += Stem::weights_of_one)
    for (int at = 0; at < Stem::weights_of_one; ++at)
      if (const int tap = Stem::tap(at); tap >= 0) w[tap] = packed_weights[at];
}

}  // namespace cg::cpu
