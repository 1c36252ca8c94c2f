// SPDX-License-Identifier: Apache-2.0
// A sandboxed process that stays: it keeps a file open and answers questions about it, as long as its owner lives. A
// file of many gigabytes is read in this way, a part at a time. Read next: sandbox.h.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "data/files/sandbox.h"
#include "data/files/storage.h"

namespace cg {

/// Answers a question, in the child. It may throw an Error.
using SandboxAnswerer = std::function<std::string(std::string_view question)>;

class SandboxServer {
 public:
  /// `start` runs in the child before the first question. The child has a copy of this process's memory and only the
  /// calling thread, as in sandbox(); here processor_seconds holds for `start` and for each question. Signals that a
  /// terminal or a scheduler sends to a whole group of processes do not end the child. Errors: those of `start`, and of
  /// ask().
  SandboxServer(SandboxLimits limits, const std::function<SandboxAnswerer()>& start);
  ~SandboxServer();
  SandboxServer(const SandboxServer&) = delete;
  SandboxServer& operator=(const SandboxServer&) = delete;

  /// May be called from several threads; the child answers one question after the other. Errors: those of the answerer;
  /// corrupt: it crashed, or needs too much time or memory, in this question or an earlier one; memory: something else
  /// killed it.
  std::string ask(std::string_view question);

 private:
  std::string answer();
  void end_child();
  [[noreturn]] void refuse_child();  ///< ends a child that gave no answer in time, and reports how it ended

  SandboxLimits limits_;
  std::mutex one_at_a_time_;
  Descriptor socket_;
  int child_ = -1;  ///< −1: it has ended
  int status_ = 0;  ///< of a child that has ended
  bool timed_out_ = false;
};

}  // namespace cg
