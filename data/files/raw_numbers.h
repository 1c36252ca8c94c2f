// SPDX-License-Identifier: Apache-2.0
// Numbers as files store them.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace cg {

/// The number whose bytes begin at `from`, which needs no alignment. `swapped`: in the opposite byte order of this
/// machine.
template <class T>
T element_at(const char* from, bool swapped) {
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), from, sizeof(T));
  if (swapped) std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<T>(bytes);
}

/// A 16-bit float (IEEE 754) as float32.
inline float half_to_float(std::uint16_t half) {
  const auto sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = half >> 10 & 31u, fraction = half & 1023u;
  if (exponent == 0) {  // zero or subnormal: fraction · 2⁻²⁴
    const float value = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -value : value;
  }
  const std::uint32_t wide = exponent == 31 ? 255u : exponent + 112u;  // 127 − 15
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

}  // namespace cg
