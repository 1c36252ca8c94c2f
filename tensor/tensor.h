// SPDX-License-Identifier: Apache-2.0
// Shapes, element types and tensors: a tensor is a spec and a shared part of a device's memory.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/bfloat16.h"
#include "tensor/index.h"

namespace cg {

/// Volumes are channels-last, [n, D, H, W, C]; convolution weights [O, kD, kH, kW, I]; embeddings [n, d].
using Shape = std::vector<Index>;

enum class DType : std::uint8_t { f32, f64, bf16, u8 };

/// `meta` has shapes but no numbers, for planning memory. `reference` runs the plain loops of tensor/ops.
enum class Device : std::uint8_t { meta, reference, cpu, cuda };

Index size_of(DType dtype);
std::string name_of(DType dtype);
std::string name_of(Device device);
std::string to_string(const Shape& shape);  ///< "[2, 46, 55, 46, 64]"
Index count(const Shape& shape);            ///< the product of the extents

/// The type of parameters, statistics and their gradients for activations of type `dtype`: float32 for bfloat16, else
/// the same type.
inline DType parameter_type(DType dtype) { return dtype == DType::bf16 ? DType::f32 : dtype; }

template <class T>
struct ParameterType {
  using type = T;
};
template <>
struct ParameterType<bfloat16> {
  using type = float;
};
/// `parameter_type` for kernels: the C++ type of parameters for activations of type T.
template <class T>
using Param = typename ParameterType<T>::type;

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::f32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::f64;
}
template <>
constexpr DType dtype_of<bfloat16>() {
  return DType::bf16;
}
template <>
constexpr DType dtype_of<std::uint8_t>() {
  return DType::u8;
}

/// Shape and element type. Planning needs nothing else of a tensor.
struct Spec {
  Shape shape;
  DType dtype = DType::f32;
  Index count() const { return cg::count(shape); }
  Index size_bytes() const { return count() * size_of(dtype); }
  bool operator==(const Spec&) const = default;
};
std::string to_string(const Spec& spec);  ///< "float32 [64]"

/// A handle: copies share the memory, which is freed with the last of them. Without a spec it is empty; on `meta` it
/// has no memory.
class Tensor {
 public:
  Tensor() = default;
  Tensor(Spec spec, Device device, std::shared_ptr<std::byte> memory)
      : spec_(std::move(spec)), device_(device), memory_(std::move(memory)), exists_(true) {}

  explicit operator bool() const { return exists_; }
  const Spec& spec() const { return spec_; }
  const Shape& shape() const { return spec_.shape; }
  DType dtype() const { return spec_.dtype; }
  Device device() const { return device_; }
  std::byte* raw() const { return memory_.get(); }  ///< the first byte; null on `meta`

  /// The elements. T must be their type, and the memory must be host memory.
  template <class T>
  std::span<T> data() const {
    assert(exists_ && memory_ && dtype_of<T>() == spec_.dtype && device_ != Device::cuda);
    return {reinterpret_cast<T*>(memory_.get()), static_cast<std::size_t>(spec_.count())};
  }

  /// The same memory as a tensor of another device that computes in it.
  Tensor on(Device device) const { return {spec_, device, memory_}; }

  /// A tensor of `spec` in the memory of this one, from byte `offset`.
  Tensor part(Spec spec, Index offset) const {
    assert(!memory_ || offset + spec.size_bytes() <= spec_.size_bytes());
    return {std::move(spec), device_, memory_ ? std::shared_ptr<std::byte>(memory_, memory_.get() + offset) : nullptr};
  }

 private:
  Spec spec_;
  Device device_ = Device::meta;
  std::shared_ptr<std::byte> memory_;
  bool exists_ = false;
};

/// Calls `body.template operator()<T>()` with the C++ type of a floating-point `dtype`.
template <class Body>
void with_type(DType dtype, const Body& body) {
  switch (dtype) {
    case DType::f32:
      return body.template operator()<float>();
    case DType::f64:
      return body.template operator()<double>();
    case DType::bf16:
      return body.template operator()<bfloat16>();
    case DType::u8:
      assert(false && "u8 holds indices, not numbers");
  }
}

}  // namespace cg
