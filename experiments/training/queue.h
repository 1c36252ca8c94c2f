// SPDX-License-Identifier: Apache-2.0
// The embeddings of earlier steps, in which NNCLR finds an anchor's nearest neighbour. First in, first out.
#pragma once

#include <span>
#include <vector>

#include "tensor/backend.h"

namespace cg {

class EmbeddingQueue {
 public:
  /// Starts with Gaussian rows of length 1 drawn from the seed. `spec`: [rows, width] and the embeddings' type.
  EmbeddingQueue(Backend& backend, const Spec& spec, std::uint64_t seed);

  /// Appends `rows` [·, width] and drops the same number of the oldest rows.
  void push(std::span<const double> rows);

  std::vector<double> rows() const;                 ///< [rows, width], the oldest first
  const Tensor& tensor() const { return tensor_; }  ///< the same on the backend: all of its state

 private:
  Backend& backend_;
  Tensor tensor_;
};

}  // namespace cg
