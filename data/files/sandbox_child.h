// SPDX-License-Identifier: Apache-2.0
// What the two kinds of sandboxed process share: what the child gives up, and how the parent reports its end. Included
// only by data/files/sandbox*.cpp.
#pragma once

#include <signal.h>

#include <string>
#include <string_view>

#include "data/files/sandbox.h"
#include "tensor/error.h"

namespace cg::sandboxed {

/// Codes of an answer or exit codes of a child, beside those of ErrorKind.
constexpr int out_of_memory = 100, crashed = 101;

/// Runs in the child. Gives up all files but the descriptor `kept` (none: −1), all system calls but those for memory,
/// time and the end of the process (with a descriptor also read and write), and memory beyond the limits.
void lock_down(const SandboxLimits& limits, int kept = -1);

/// Reports that no child can be started. Errors: memory, always.
[[noreturn]] void refuse_start(const SandboxLimits& limits);

/// Reports a file whose reading failed. Errors: corrupt, always.
[[noreturn]] void refuse(const SandboxLimits& limits, const std::string& what);

/// An error's parts as one text, for `rethrow` in another process.
std::string packed(const Error& error);

/// Throws the error that a child reported: its code, and its packed parts.
[[noreturn]] void rethrow(const SandboxLimits& limits, int code, std::string_view parts);

/// Reports a child that ended before it answered, by the status of waitpid. `timed_out`: it was killed for its time.
/// Errors: corrupt; memory, if something else killed it.
[[noreturn]] void refuse_end(const SandboxLimits& limits, int status, bool timed_out);

/// While it exists, the kernel keeps a child's exit status, even if this process was started with SIGCHLD ignored.
class KeptStatus {
 public:
  KeptStatus();
  ~KeptStatus();
  KeptStatus(const KeptStatus&) = delete;
  KeptStatus& operator=(const KeptStatus&) = delete;

 private:
  struct sigaction before_ {};
  bool changed_ = false;
};

}  // namespace cg::sandboxed
