// SPDX-License-Identifier: Apache-2.0
// Fast division of a row's index by an extent.
#pragma once

#include <cstdint>

#include "tensor/backend/cuda/block/host_device.h"

namespace cg::cuda {

/// n / divisor for 0 ≤ n < 2³¹ and divisor ≥ 1 by a multiplication and a shift: three instructions, a division takes
/// twenty. With s = ⌈log₂ divisor⌉ and m = ⌊2³² (2ˢ − divisor) / divisor⌋ + 1 it is (⌊m n / 2³²⌋ + n) / 2ˢ
/// (Granlund & Montgomery, "Division by invariant integers using multiplication", PLDI 1994).
class Divider {
 public:
  explicit Divider(int divisor) : divisor_(divisor) {
    while ((std::uint64_t{1} << shift_) < static_cast<std::uint64_t>(divisor)) ++shift_;
    const std::uint64_t rest = (std::uint64_t{1} << shift_) - static_cast<std::uint64_t>(divisor);
    multiplier_ = static_cast<std::uint32_t>((rest << 32) / static_cast<std::uint64_t>(divisor) + 1);
  }
  CG_HD int divide(int n) const {
    const auto word = static_cast<std::uint32_t>(n);
    const auto high = static_cast<std::uint32_t>((std::uint64_t{multiplier_} * word) >> 32);
    return static_cast<int>((high + word) >> shift_);
  }
  /// n becomes the quotient, the remainder is returned.
  CG_HD int split(int& n) const {
    const int quotient = divide(n), remainder = n - quotient * divisor_;
    n = quotient;
    return remainder;
  }

 private:
  int divisor_;
  int shift_ = 0;
  std::uint32_t multiplier_ = 0;
};

}  // namespace cg::cuda
