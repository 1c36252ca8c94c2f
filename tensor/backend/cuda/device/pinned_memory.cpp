// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device/pinned_memory.h"

#include <algorithm>

namespace cg::cuda {

PinnedMemory::~PinnedMemory() {
  for (const auto& [bytes, block] : free_)
    if (state_->usable()) cudaFreeHost(block);
}

std::shared_ptr<std::byte> PinnedMemory::allocate(Index bytes) {
  const Index size = std::max<Index>(bytes, 1);
  void* block = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (const auto kept = free_.find(size); kept != free_.end()) {
      block = kept->second;
      free_.erase(kept);
    }
  }
  if (!block) {
    state_->require();
    const auto status = cudaMallocHost(&block, static_cast<std::size_t>(size));
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();  // it was reported: the next call shall not report it again
      fail(ErrorKind::memory, "pinned host memory",
           fmt::format("an allocation of {:.2f} GB was refused", static_cast<double>(size) / 1e9),
           "Lower train.batch_size, or raise the limit of locked memory.");
    }
    state_->use("allocating pinned memory", [&] { return in_words(status); });
  }
  return {static_cast<std::byte*>(block), [pool = shared_from_this(), size](std::byte* p) {
            const std::lock_guard lock(pool->mutex_);
            pool->free_.emplace(size, p);
          }};
}

}  // namespace cg::cuda
