// SPDX-License-Identifier: Apache-2.0
// Calls of the CUDA runtime: their errors as text, and handles that are closed only while the device works.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <string>

#include "tensor/backend/cuda/device/cuda_status.h"
#include "tensor/backend/cuda/device/device_state.h"

namespace cg::cuda {

static_assert(static_cast<int>(Status::success) == cudaSuccess);
static_assert(static_cast<int>(Status::out_of_memory) == cudaErrorMemoryAllocation);
static_assert(static_cast<int>(Status::stub_driver) == cudaErrorStubLibrary);
static_assert(static_cast<int>(Status::driver_too_old) == cudaErrorInsufficientDriver);
static_assert(static_cast<int>(Status::no_device) == cudaErrorNoDevice);
static_assert(static_cast<int>(Status::driver_mismatch) == cudaErrorSystemDriverMismatch);
static_assert(static_cast<int>(Status::driver_not_for_device) == cudaErrorCompatNotSupportedOnDevice);

/// As text; empty if nothing failed.
inline std::string in_words(cudaError_t status) {
  if (status == cudaSuccess) return "";
  return std::string(cudaGetErrorString(status)) + " (" + cudaGetErrorName(status) + ")";
}
inline bool lacks_memory(cudaError_t status) { return lacks_memory(static_cast<Status>(status)); }

/// A handle that is closed only while the device works.
template <class T, class Close>
std::shared_ptr<T> guarded(T* handle, const std::shared_ptr<DeviceState>& state, const Close& close) {
  return {handle, [state, close](T* h) {
            if (state->usable()) close(h);
          }};
}

}  // namespace cg::cuda
