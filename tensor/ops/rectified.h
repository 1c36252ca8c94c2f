// SPDX-License-Identifier: Apache-2.0
// What every ReLU of the engine computes, alone or fused with other ops. NaN passes, as in PyTorch: so the
// result shows that something went wrong.
//   forward   max(0, x); NaN where x is NaN
//   backward  dy, but 0 where y ≤ 0: at the kink no gradient passes, at NaN it does
#pragma once

namespace cg {

/// max(0, x), or NaN. The processor's own maximum of 0 and x, in this order, is the same: one instruction.
template <class T>
constexpr T rectified(T x) {
  return x < T(0) ? T(0) : x;
}

/// The gradient behind the ReLU, given its result or its input, y.
template <class T, class G>
constexpr G passed(T y, G dy) {
  return y <= T(0) ? G(0) : dy;
}

}  // namespace cg
