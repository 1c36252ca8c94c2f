// SPDX-License-Identifier: Apache-2.0
// The 16-bit float with the range of float32 and 8 bits of precision: activations on devices that compute with it.
// Everything is constexpr, so that nvcc also compiles it for the GPU.
#pragma once

#include <bit>
#include <cstdint>

namespace cg {

/// Upper half of a float32; conversion rounds to nearest, ties to even. Arithmetic happens in float.
struct bfloat16 {
  std::uint16_t bits = 0;

  bfloat16() = default;
  constexpr bfloat16(float value) : bits(rounded(value)) {}  // NOLINT: implicit on purpose, as from double to float
  constexpr bfloat16& operator=(float value) {  // the compiler vectorises this; copying a converted object it does not
    bits = rounded(value);
    return *this;
  }
  constexpr operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

 private:
  static constexpr std::uint16_t rounded(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    const bool nan = (word & 0x7FFFFFFFu) > 0x7F800000u;
    const std::uint32_t even = word + 0x7FFFu + ((word >> 16) & 1u);
    return static_cast<std::uint16_t>((nan ? word | 0x00400000u : even) >> 16);
  }
};

}  // namespace cg
