// Host memory that the GPU copies by itself, beside other work. The system takes its time to give it, so what is handed
// back is kept for the next who asks for as much.
#pragma once

#include <map>
#include <mutex>

#include "tensor/backend/cuda/device/cuda_call.h"

namespace cg::cuda {

/// Any thread may ask.
class PinnedMemory : public std::enable_shared_from_this<PinnedMemory> {
 public:
  explicit PinnedMemory(std::shared_ptr<DeviceState> state) : state_(std::move(state)) {}
  ~PinnedMemory();
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;

  /// Errors: memory, where the system refuses it.
  std::shared_ptr<std::byte> allocate(Index bytes);

 private:
  std::shared_ptr<DeviceState> state_;
  std::mutex mutex_;
  std::multimap<Index, std::byte*> free_;  // by bytes
};

}  // namespace cg::cuda
