// SPDX-License-Identifier: Apache-2.0
// Lets one source be the body of a kernel on a GPU and plain C++ for the tests, which run it on any machine. This is
// the project's only macro and its only preprocessor condition.
#pragma once

#include "tensor/bfloat16.h"

#ifdef __CUDACC__
#include <cuda_bf16.h>
#define CG_HD __host__ __device__ __forceinline__
#else
#define CG_HD inline
#endif

namespace cg::cuda {

/// Two neighbouring values of a row, rounded for storing.
struct BfloatPair {
  std::uint16_t low, high;
};

#ifdef __CUDACC__
/// Rounds both to nearest, ties to even: one instruction instead of the twelve of bfloat16's integer arithmetic.
CG_HD BfloatPair rounded_pair(float low, float high) {
  const __nv_bfloat162_raw both = __floats2bfloat162_rn(low, high);
  return {both.x, both.y};
}
#else
inline BfloatPair rounded_pair(float low, float high) { return {bfloat16(low).bits, bfloat16(high).bits}; }
#endif

}  // namespace cg::cuda
