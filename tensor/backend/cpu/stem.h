// SPDX-License-Identifier: Apache-2.0
// The stem's packing on the CPU; what is packed: ../stem.h. Read next: tensor/backend/stem.h.
#pragma once

#include "tensor/backend/stem.h"

namespace cg::cpu {

void pack_volumes(const Stem& stem, const bfloat16* x, const Shape& shape, bfloat16* g);  ///< G from x [n, D, H, W, 1]
void pack_weights(const Stem& stem, const float* w, float* packed_weights);               ///< W from w [O, 7, 7, 7, 1]
void unpack_weights(const Stem& stem, const float* packed_weights, float* w);  ///< back, dropping the eighth taps

}  // namespace cg::cpu
