// SPDX-License-Identifier: Apache-2.0
// Sixteen channels together in the compiler's own vector type (GCC, Clang), for loops whose running values must stay in
// registers; where `omp simd` does as well, that is simpler. Vectors go by reference: by value they would bind callers
// to one instruction set.
#pragma once

#include <cstdint>
#include <cstring>

#include "tensor/bfloat16.h"

namespace cg::cpu {

constexpr int lanes = 16;
using Floats = float __attribute__((vector_size(lanes * sizeof(float))));
using Integers = std::int32_t __attribute__((vector_size(lanes * sizeof(std::int32_t))));

inline void load(Floats& to, const float* from) { std::memcpy(&to, from, sizeof to); }

inline void load(Floats& to, const bfloat16* from) {
  using Halves = std::uint16_t __attribute__((vector_size(lanes * sizeof(std::uint16_t))));
  Halves bits;
  std::memcpy(&bits, from, sizeof bits);
  const Integers words = __builtin_convertvector(bits, Integers) << 16;
  std::memcpy(&to, &words, sizeof to);
}

template <class T>
void store(T* to, const Floats& from) {
#pragma omp simd
  for (int i = 0; i < lanes; ++i) to[i] = from[i];
}

/// Numbers from 0 to 255.
inline void store(std::uint8_t* to, const Integers& from) {
  using Bytes = std::uint8_t __attribute__((vector_size(lanes)));
  const Bytes bytes = __builtin_convertvector(from, Bytes);
  std::memcpy(to, &bytes, sizeof bytes);
}

}  // namespace cg::cpu
