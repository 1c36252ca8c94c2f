// SPDX-License-Identifier: Apache-2.0
#include "tensor/tensor.h"

#include <functional>
#include <numeric>

namespace cg {

Index size_of(DType dtype) {
  constexpr Index sizes[] = {4, 8, 2, 1};
  return sizes[static_cast<std::size_t>(dtype)];
}

std::string name_of(DType dtype) {
  constexpr const char* names[] = {"float32", "float64", "bfloat16", "uint8"};
  return names[static_cast<std::size_t>(dtype)];
}

std::string name_of(Device device) {
  constexpr const char* names[] = {"meta", "reference", "cpu", "cuda"};
  return names[static_cast<std::size_t>(device)];
}

std::string to_string(const Shape& shape) {
  std::string text;
  for (Index extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "[" + text + "]";
}

std::string to_string(const Spec& spec) { return name_of(spec.dtype) + " " + to_string(spec.shape); }

Index count(const Shape& shape) { return std::accumulate(shape.begin(), shape.end(), Index{1}, std::multiplies<>()); }

}  // namespace cg
