// SPDX-License-Identifier: Apache-2.0
// The CPU as a device: huge pages touched once, flushed denormals, and oneDNN's engine with its primitives cached.
#pragma once

#include <map>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <vector>

#include "tensor/backend.h"

namespace cg::cpu {

class CpuBackend final : public HostBackend {
 public:
  CpuBackend();
  /// Large blocks are mapped on 2 MiB pages and touched here, in parallel, so that no step ever faults.
  std::shared_ptr<std::byte> allocate(Index bytes) override;

  const dnnl::engine& engine() const { return engine_; }
  dnnl::stream& stream() { return stream_; }

  /// The object cached under `key`, made by `make()` the first time. Keys of different T must differ.
  template <class T, class Make>
  T& cached(const std::vector<Index>& key, const Make& make) {
    std::shared_ptr<void>& slot = cache_[key];
    if (!slot) slot = std::make_shared<T>(make());
    return *static_cast<T*>(slot.get());
  }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::map<std::vector<Index>, std::shared_ptr<void>> cache_;
};

/// Whether oneDNN convolves bfloat16 on this processor, fast or not (AVX-512 or better; ONEDNN_MAX_CPU_ISA lowers it).
bool has_bfloat16_convolutions();

/// The backend a CPU kernel runs on.
inline CpuBackend& of(Backend& backend) { return static_cast<CpuBackend&>(backend); }

}  // namespace cg::cpu
