// SPDX-License-Identifier: Apache-2.0
// A matrix as linear layers pass it to the matrix product.
#pragma once

#include "tensor/backend/cuda/block/block.h"

namespace cg::cuda {

/// A row-major matrix in device memory, or its transpose.
struct Matrix {
  const float* data;
  Index rows, columns;  ///< as stored
  bool transposed = false;

  explicit Matrix(const Tensor& tensor)
      : data(pointer<const float>(tensor)), rows(tensor.shape()[0]), columns(tensor.shape()[1]) {}
  Matrix transpose() const {
    Matrix other = *this;
    other.transposed = !transposed;
    return other;
  }
};

}  // namespace cg::cuda
