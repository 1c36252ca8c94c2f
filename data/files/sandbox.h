// SPDX-License-Identifier: Apache-2.0
// Runs code that may crash on a malicious file in a separate process (a sandbox). That process can open no file and no
// connection, and its memory and time are limited. So a bad file can harm only the sandbox.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tensor/index.h"

namespace cg {

/// Processor seconds for a file of this size. Reading a sound file takes far less; a damaged one must not hold a
/// program up.
constexpr int reading_seconds(Index bytes) { return static_cast<int>(5 + bytes / 50'000'000); }

struct SandboxLimits {
  std::string path;        ///< the file that is read, for messages
  Index memory_bytes = 0;  ///< in addition to what this process has now
  Index answer_bytes = 0;  ///< the largest answer
  int processor_seconds = 5;
};

/// The sandbox's answer: memory that the child wrote before it ended.
class SandboxResult {
 public:
  SandboxResult(std::shared_ptr<const char> bytes, std::size_t size) : bytes_(std::move(bytes)), size_(size) {}
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::shared_ptr<const char> bytes_;
  std::size_t size_;
};

/// Writes an answer to `space` and returns its size. `space` has SandboxLimits::answer_bytes bytes and is aligned to 8
/// bytes.
using SandboxBody = std::function<std::size_t(std::span<char> space)>;

/// Returns what `body` writes. `body` runs in a child process with a copy of this process's memory. The child may only
/// use memory and end (seccomp); it leaves no core file. The child has only the calling thread: `body` must not wait
/// for another thread, and the caller must hold the locks that `body` needs. Linux on x86-64. Errors: those of `body`;
/// corrupt, if it crashes, takes too long or needs too much memory; memory, if the child cannot be started.
SandboxResult sandbox(const SandboxLimits& limits, const SandboxBody& body);

}  // namespace cg
