// A value on its way through the network: a tensor and where it came from. Read next: tensor/tensor.h.
#pragma once

#include <memory>
#include <string>

#include "tensor/tensor.h"

namespace cg {

/// A value that no op made: an input, a parameter, a statistic. With a gradient tensor it is differentiated.
struct Leaf {
  std::string name;
  Tensor gradient;            ///< the backward pass writes it; empty where no gradient is wanted
  Tensor bfloat16_copy = {};  ///< the value rounded, for kernels; empty where nobody keeps one
};

/// A handle; copies speak of the same value.
struct Variable {
  Tensor value;
  int node = -1;  ///< the node of the tape that made it; −1 for a leaf
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
