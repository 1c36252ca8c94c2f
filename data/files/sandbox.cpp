// SPDX-License-Identifier: Apache-2.0
#include "data/files/sandbox.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <new>
#include <thread>

#include "data/files/sandbox_child.h"
#include "tensor/error.h"

namespace cg {
namespace {

using namespace sandboxed;

/// Memory that parent and child share: a size, then the answer. Only pages that are written to take memory.
class SharedSpace {
 public:
  explicit SharedSpace(Index most) : most_(static_cast<std::size_t>(most)) {
    const std::size_t bytes = sizeof(std::size_t) + most_;
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED) memory_ = {static_cast<char*>(memory), [bytes](char* m) { munmap(m, bytes); }};
  }

  bool good() const { return memory_ != nullptr; }
  std::span<char> space() { return {memory_.get() + sizeof(std::size_t), most_}; }
  /// False: the answer does not fit.
  bool set_size(std::size_t size) {
    *reinterpret_cast<std::size_t*>(memory_.get()) = size;
    return size <= most_;
  }
  bool put(const std::string& text) {
    if (text.size() > most_) return false;
    std::memcpy(space().data(), text.data(), text.size());
    return set_size(text.size());
  }
  SandboxResult take() const {
    const std::size_t size = std::min(*reinterpret_cast<const std::size_t*>(memory_.get()), most_);
    return {std::shared_ptr<const char>(memory_, memory_.get() + sizeof(std::size_t)), size};
  }

 private:
  std::size_t most_;
  std::shared_ptr<char> memory_;
};

/// Runs `body` in the child. Returns the exit code.
int child(const SandboxLimits& limits, const SandboxBody& body, SharedSpace& answer) {
  try {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto seconds = static_cast<rlim_t>(limits.processor_seconds);
    const rlimit most{seconds, seconds + 1};  // at the first one SIGXCPU, which names the reason; at the second SIGKILL
    setrlimit(RLIMIT_CPU, &most);
    lock_down(limits);
    return answer.set_size(body(answer.space())) ? 0 : out_of_memory;
  } catch (const Error& error) {
    return answer.put(packed(error)) ? static_cast<int>(error.kind()) : out_of_memory;
  } catch (const std::bad_alloc&) {
    return out_of_memory;
  } catch (...) {
    return crashed;
  }
}

/// How a child ended.
struct End {
  int status = 0;  ///< of waitpid
  bool timed_out = false;
};

/// Waits for the child. Kills a child that does not end in time.
End wait_for(pid_t id, int processor_seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20 * processor_seconds);
  End end;
  for (auto pause = std::chrono::microseconds(100); waitpid(id, &end.status, WNOHANG) == 0;) {
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, std::chrono::microseconds(5000));
    if (std::chrono::steady_clock::now() <= deadline) continue;
    end.timed_out = true;
    kill(id, SIGKILL);
  }
  return end;
}

}  // namespace

SandboxResult sandbox(const SandboxLimits& limits, const SandboxBody& body) {
  SharedSpace answer(limits.answer_bytes);
  const KeptStatus kept;
  const pid_t id = answer.good() ? fork() : -1;
  if (id < 0) refuse_start(limits);
  if (id == 0) _exit(child(limits, body, answer));
  const auto [status, timed_out] = wait_for(id, limits.processor_seconds);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return answer.take();
  if (WIFEXITED(status)) rethrow(limits, WEXITSTATUS(status), answer.take().view());
  refuse_end(limits, status, timed_out);
}

}  // namespace cg
