// SPDX-License-Identifier: Apache-2.0
// A value in the network: a tensor and the node that computed it. Read next: tensor/tensor.h.
#pragma once

#include <memory>
#include <string>

#include "tensor/tensor.h"

namespace cg {

/// A value that is not the output of an op: an input, a parameter, a statistic. If it has a gradient tensor, the loss
/// is differentiated with respect to it.
struct Leaf {
  std::string name;
  Tensor gradient;            ///< the backward pass writes it; empty where no gradient is wanted
  Tensor bfloat16_copy = {};  ///< the value rounded, for kernels; empty if none is kept
};

/// A handle: copies refer to the same value.
struct Variable {
  Tensor value;
  int node = -1;  ///< the node of the tape that computed it; −1 for a leaf
  std::shared_ptr<Leaf> leaf;
  bool needs_gradient = false;

  const Spec& spec() const { return value.spec(); }
};

/// An input of the network, not differentiated.
inline Variable constant(Tensor value) { return {.value = std::move(value), .node = -1, .leaf = nullptr}; }

/// A leaf whose gradient the backward pass writes to `gradient`.
inline Variable leaf(std::string name, Tensor value, Tensor gradient) {
  return {std::move(value), -1, std::make_shared<Leaf>(Leaf{std::move(name), std::move(gradient), {}}), true};
}

}  // namespace cg
