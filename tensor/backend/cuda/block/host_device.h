// What lets one source be the body of a kernel on a GPU and plain C++ for the tests, which run it on any machine: the
// project's only macro and its only question to the preprocessor, so that no other file asks it.
#pragma once

#include "tensor/bfloat16.h"

#ifdef __CUDACC__
#include <cuda_bf16.h>
#define CG_HD __host__ __device__ __forceinline__
#else
#define CG_HD inline
#endif

namespace cg::cuda {

/// Two neighbours of a row, ready to be stored.
struct BfloatPair {
  std::uint16_t low, high;
};

#ifdef __CUDACC__
/// Rounds both to nearest, ties to even: one instruction, where bfloat16's own arithmetic on integers takes a dozen.
CG_HD BfloatPair rounded_pair(float low, float high) {
  const __nv_bfloat162_raw both = __floats2bfloat162_rn(low, high);
  return {both.x, both.y};
}
#else
inline BfloatPair rounded_pair(float low, float high) { return {bfloat16(low).bits, bfloat16(high).bits}; }
#endif

}  // namespace cg::cuda
