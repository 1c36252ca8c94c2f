// Runs what may crash on hostile input in a process of its own, which can neither open a file or a connection nor take
// much memory or time: what a library does there to a bad file ends there.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tensor/index.h"

namespace cg {

struct SandboxLimits {
  std::string path;        ///< of the file that is read, for messages
  Index memory_bytes = 0;  ///< beyond what this process has now
  Index answer_bytes = 0;  ///< the most that comes back
  int processor_seconds = 60;
};

/// What came out of it: memory that a child wrote, which has ended.
class SandboxResult {
 public:
  SandboxResult(std::shared_ptr<const char> bytes, std::size_t size) : bytes_(std::move(bytes)), size_(size) {}
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::shared_ptr<const char> bytes_;
  std::size_t size_;
};

/// Writes its answer and returns the size of it; the space is SandboxLimits::answer_bytes large, and aligned to 8
/// bytes.
using SandboxBody = std::function<std::size_t(std::span<char> space)>;

/// What `body` writes. It runs in a child that sees a copy of this process's memory; of the kernel's services it has
/// memory and the end of the process alone (seccomp), and it leaves no core file. Only the calling thread goes with it:
/// `body` must not wait for another, and the caller holds the locks that `body` needs. Linux on x86-64.
/// Errors: those that `body` throws; corrupt, if it crashes, takes too long or asks for too much memory; memory, if the
/// child cannot be made.
SandboxResult sandbox(const SandboxLimits& limits, const SandboxBody& body);

}  // namespace cg
