// SPDX-License-Identifier: Apache-2.0
// The part of cuDNN's graph interface that a convolution needs: descriptors that free themselves, with typed
// attributes.
#pragma once

#include <cudnn.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cg::cuda {

/// What failed, with cuDNN's explanation of the last call; empty if nothing failed.
std::string in_words(cudnnStatus_t status);
bool lacks_memory(cudnnStatus_t status);
/// Throws if a call of cuDNN failed: kind memory if memory was missing, else device. `what`: the activity.
void check_cudnn(cudnnStatus_t status, const std::string& what);

/// cuDNN's name for the C++ type of an attribute.
template <class T>
inline constexpr cudnnBackendAttributeType_t attribute_type = CUDNN_TYPE_VOID_PTR;
template <>
inline constexpr auto attribute_type<std::int64_t> = CUDNN_TYPE_INT64;
template <>
inline constexpr auto attribute_type<float> = CUDNN_TYPE_FLOAT;
template <>
inline constexpr auto attribute_type<char> = CUDNN_TYPE_CHAR;
template <>
inline constexpr auto attribute_type<cudnnHandle_t> = CUDNN_TYPE_HANDLE;
template <>
inline constexpr auto attribute_type<cudnnDataType_t> = CUDNN_TYPE_DATA_TYPE;
template <>
inline constexpr auto attribute_type<cudnnConvolutionMode_t> = CUDNN_TYPE_CONVOLUTION_MODE;
template <>
inline constexpr auto attribute_type<cudnnBackendKnobType_t> = CUDNN_TYPE_KNOB_TYPE;
template <>
inline constexpr auto attribute_type<cudnnBackendHeurMode_t> = CUDNN_TYPE_HEUR_MODE;
template <>
inline constexpr auto attribute_type<cudnnBackendDescriptor_t> = CUDNN_TYPE_BACKEND_DESCRIPTOR;
template <>
inline constexpr auto attribute_type<cudnnBackendNumericalNote_t> = CUDNN_TYPE_NUMERICAL_NOTE;
template <>
inline constexpr auto attribute_type<cudnnBackendBehaviorNote_t> = CUDNN_TYPE_BEHAVIOR_NOTE;

/// One object of cuDNN. Attributes are set, then it is finalised; after that they can be read.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type);
  Descriptor(Descriptor&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Descriptor();

  template <class T>
  Descriptor& set(cudnnBackendAttributeName_t name, std::span<const T> values) {
    return set(name, attribute_type<T>, values.data(), values.size());
  }
  template <class T>
  Descriptor& set(cudnnBackendAttributeName_t name, const std::vector<T>& values) {
    return set(name, std::span<const T>(values));
  }
  template <class T>
  Descriptor& set(cudnnBackendAttributeName_t name, const T& value) {
    return set(name, std::span<const T>(&value, 1));
  }
  Descriptor& set(cudnnBackendAttributeName_t name, const Descriptor& value) { return set(name, value.raw_); }

  Descriptor& finalise();
  /// False if cuDNN does not support the description. Errors: memory.
  bool try_finalise();

  template <class T>
  std::vector<T> get(cudnnBackendAttributeName_t name) const {
    std::vector<T> values(size(name, attribute_type<T>));
    const auto found = get(name, attribute_type<T>, values.data(), values.size());
    values.resize(found);
    return values;
  }
  /// The one value of an attribute.
  template <class T>
  T get_one(cudnnBackendAttributeName_t name) const {
    return get<T>(name).at(0);
  }
  /// The descriptors of type `type` that an attribute holds.
  std::vector<Descriptor> get(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type) const;
  /// The same if cuDNN does not give their number: at most `most`.
  std::vector<Descriptor> get(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type,
                              std::size_t most) const;

  cudnnBackendDescriptor_t raw() const { return raw_; }

 private:
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, const void* values,
                  std::size_t count);
  std::size_t size(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type) const;
  std::size_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, void* values,
                  std::size_t room) const;

  cudnnBackendDescriptor_t raw_ = nullptr;
};

}  // namespace cg::cuda
