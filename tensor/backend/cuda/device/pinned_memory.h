// SPDX-License-Identifier: Apache-2.0
// Host memory that the GPU copies on its own during other work. Its allocation is slow, so freed blocks are kept for
// later allocations of the same size.
#pragma once

#include <map>
#include <mutex>

#include "tensor/backend/cuda/device/cuda_call.h"

namespace cg::cuda {

/// Any thread may call it.
class PinnedMemory : public std::enable_shared_from_this<PinnedMemory> {
 public:
  explicit PinnedMemory(std::shared_ptr<DeviceState> state) : state_(std::move(state)) {}
  ~PinnedMemory();
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;

  /// Errors: memory, if the system refuses it.
  std::shared_ptr<std::byte> allocate(Index bytes);

 private:
  std::shared_ptr<DeviceState> state_;
  std::mutex mutex_;
  std::multimap<Index, std::byte*> free_;  // by bytes
};

}  // namespace cg::cuda
