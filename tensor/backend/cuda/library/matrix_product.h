// SPDX-License-Identifier: Apache-2.0
// Matrix products in float32 by cuBLASLt: not in TF32, without workspace and without splitting sums, so that a
// chosen algorithm always gives the same bits.
#pragma once

#include <cublasLt.h>

#include <map>
#include <string>
#include <tuple>

#include "tensor/backend/cuda/library/matrix.h"

namespace cg::cuda {

/// What failed, as text; empty if nothing failed.
std::string in_words(cublasStatus_t status);
bool lacks_memory(cublasStatus_t status);

class MatrixProduct {
 public:
  MatrixProduct(cublasLtHandle_t handle, cudaStream_t stream) : handle_(handle), stream_(stream) {}

  /// Enqueues c = a · b.
  cublasStatus_t multiply(const Matrix& a, const Matrix& b, float* c);

 private:
  using Key = std::tuple<Index, Index, bool, Index, Index, bool>;
  struct Problem;

  cublasLtHandle_t handle_;
  cudaStream_t stream_;
  std::map<Key, cublasLtMatmulAlgo_t> algorithms_;  // of the problems met
};

}  // namespace cg::cuda
