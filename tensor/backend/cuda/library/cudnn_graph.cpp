// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/library/cudnn_graph.h"

#include <fmt/format.h>

#include <array>

#include "tensor/backend/cuda/device/cuda_status.h"
#include "tensor/error.h"

namespace cg::cuda {

static_assert(static_cast<int>(CudnnAnswer::no_host_memory) == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED);
static_assert(static_cast<int>(CudnnAnswer::no_device_memory) == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED);

bool lacks_memory(cudnnStatus_t status) { return lacks_memory(static_cast<CudnnAnswer>(status)); }

std::string in_words(cudnnStatus_t status) {
  if (status == CUDNN_STATUS_SUCCESS) return "";
  std::array<char, 1024> details{};
  cudnnGetLastErrorString(details.data(), details.size());
  return fmt::format("{}, {}", cudnnGetErrorString(status), details.data());
}

void check_cudnn(cudnnStatus_t status, const std::string& what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  if (lacks_memory(status))
    fail(ErrorKind::memory, "cuDNN", what + ": " + in_words(status), "Lower train.batch_size or model.width.");
  fail(ErrorKind::device, "cuDNN", what + ": " + in_words(status));
}

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) {
  check_cudnn(cudnnBackendCreateDescriptor(type, &raw_), "making a descriptor");
}

Descriptor::~Descriptor() {
  if (raw_) cudnnBackendDestroyDescriptor(raw_);
}

Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, const void* values,
                            std::size_t count) {
  check_cudnn(cudnnBackendSetAttribute(raw_, name, type, static_cast<std::int64_t>(count), values),
              fmt::format("setting attribute {}", static_cast<int>(name)));
  return *this;
}

Descriptor& Descriptor::finalise() {
  check_cudnn(cudnnBackendFinalize(raw_), "finalising a descriptor");
  return *this;
}

bool Descriptor::try_finalise() {
  const auto status = cudnnBackendFinalize(raw_);
  if (lacks_memory(status)) check_cudnn(status, "finalising a descriptor");
  return status == CUDNN_STATUS_SUCCESS;
}

std::size_t Descriptor::size(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type) const {
  std::int64_t count = 0;
  check_cudnn(cudnnBackendGetAttribute(raw_, name, type, 0, &count, nullptr),
              fmt::format("asking for the size of attribute {}", static_cast<int>(name)));
  return static_cast<std::size_t>(count);
}

std::size_t Descriptor::get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, void* values,
                            std::size_t room) const {
  std::int64_t count = 0;
  check_cudnn(cudnnBackendGetAttribute(raw_, name, type, static_cast<std::int64_t>(room), &count, values),
              fmt::format("asking for attribute {}", static_cast<int>(name)));
  return static_cast<std::size_t>(count);
}

std::vector<Descriptor> Descriptor::get(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type) const {
  return get(name, type, size(name, CUDNN_TYPE_BACKEND_DESCRIPTOR));
}

std::vector<Descriptor> Descriptor::get(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type,
                                        std::size_t most) const {
  std::vector<Descriptor> all;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (std::size_t k = most; k > 0; --k) raw.push_back(all.emplace_back(type).raw());
  const std::size_t found = get(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, raw.data(), raw.size());
  while (all.size() > found) all.pop_back();
  return all;
}

}  // namespace cg::cuda
