// SPDX-License-Identifier: Apache-2.0
#include "data/files/sandbox.h"

#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>
#include <thread>
#include <vector>

#include "tensor/error.h"

namespace cg {
namespace {

constexpr int out_of_memory = 100, crashed = 101;  // exit codes of the child beside those of ErrorKind

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

/// The system calls that are allowed: for memory, for the end of the process, and what the C library needs for both.
constexpr long allowed_calls[] = {
    SYS_mmap,        SYS_munmap, SYS_mremap,         SYS_mprotect,      SYS_madvise,      SYS_brk,         SYS_futex,
    SYS_sched_yield, SYS_write,  SYS_rt_sigprocmask, SYS_rt_sigaction,  SYS_rt_sigreturn, SYS_sigaltstack, SYS_getpid,
    SYS_gettid,      SYS_tgkill, SYS_getrandom,      SYS_clock_gettime, SYS_exit,         SYS_exit_group};

/// After this the kernel refuses all other system calls (EACCES): the child can open no other file and send nothing.
/// On a kernel without filters only the limits apply.
void filter_calls() {
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  for (const long call : allowed_calls) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

void limit(__rlimit_resource resource, Index most) {
  const rlimit both{static_cast<rlim_t>(most), static_cast<rlim_t>(most)};
  setrlimit(resource, &both);
}

/// Bytes of this process's address space.
Index address_space() {
  Index pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

void lock_down(const SandboxLimits& c) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int number = 1; number < 32; ++number)
    signal(number, SIG_DFL);  // the parent's handlers must not run in the child
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_CPU, c.processor_seconds);
  limit(RLIMIT_AS, address_space() + c.memory_bytes);
  syscall(SYS_close_range, 3, ~0u, 0);
  filter_calls();
}

/// Runs `body` in the child. Returns the exit code.
int child(const SandboxLimits& c, const SandboxBody& body, SharedSpace& answer) {
  try {
    lock_down(c);
    return answer.set_size(body(answer.space())) ? 0 : out_of_memory;
  } catch (const Error& error) {
    return answer.put(error.where() + '\0' + error.found() + '\0' + error.fix()) ? static_cast<int>(error.kind())
                                                                                 : out_of_memory;
  } catch (const std::bad_alloc&) {
    return out_of_memory;
  } catch (...) {
    return crashed;
  }
}

/// While it exists, the kernel keeps a child's exit status, even if this process was started with SIGCHLD ignored.
class KeptStatus {
 public:
  KeptStatus() {
    sigaction(SIGCHLD, nullptr, &before_);
    if (before_.sa_handler != SIG_IGN && !(before_.sa_flags & SA_NOCLDWAIT)) return;
    struct sigaction plain {};
    plain.sa_handler = SIG_DFL;
    changed_ = sigaction(SIGCHLD, &plain, nullptr) == 0;
  }
  ~KeptStatus() {
    if (changed_) sigaction(SIGCHLD, &before_, nullptr);
  }
  KeptStatus(const KeptStatus&) = delete;
  KeptStatus& operator=(const KeptStatus&) = delete;

 private:
  struct sigaction before_ {};
  bool changed_ = false;
};

/// Waits for the child and returns its status. Kills a child that does not end in time.
int wait_for(pid_t id, int processor_seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20 * processor_seconds);
  int status = 0;
  for (auto pause = std::chrono::microseconds(100); waitpid(id, &status, WNOHANG) == 0;) {
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, std::chrono::microseconds(5000));
    if (std::chrono::steady_clock::now() > deadline) kill(id, SIGKILL);
  }
  return status;
}

[[noreturn]] void refuse(const SandboxLimits& c, const std::string& what) {
  fail(ErrorKind::corrupt, c.path, what + ": the file is damaged or malicious", "Create or download the file again");
}

[[noreturn]] void rethrow(const SandboxLimits& c, int code, std::string_view answer) {
  const std::string text(answer);
  const std::size_t first = text.find('\0'), second = text.find('\0', first + 1);
  if (first == std::string::npos || second == std::string::npos) refuse(c, "reading it gave no result");
  fail(static_cast<ErrorKind>(code), text.substr(0, first), text.substr(first + 1, second - first - 1),
       text.substr(second + 1));
}

}  // namespace

SandboxResult sandbox(const SandboxLimits& c, const SandboxBody& body) {
  SharedSpace answer(c.answer_bytes);
  const KeptStatus kept;
  const pid_t id = answer.good() ? fork() : -1;
  if (id < 0) fail(ErrorKind::memory, c.path, "the process that reads the file cannot be started", "Free some memory");
  if (id == 0) _exit(child(c, body, answer));
  const int status = wait_for(id, c.processor_seconds);
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    if (signal == SIGXCPU || signal == SIGKILL)
      refuse(c, fmt::format("reading it takes more than {} seconds", c.processor_seconds));
    refuse(c, fmt::format("the process that reads it crashed (SIG{})", sigabbrev_np(signal)));
  }
  const int code = WEXITSTATUS(status);
  if (code == 0) return answer.take();
  if (code == out_of_memory) refuse(c, fmt::format("reading it takes more than {} MB", c.memory_bytes >> 20));
  for (const ErrorKind kind : {ErrorKind::usage, ErrorKind::data, ErrorKind::corrupt, ErrorKind::memory})
    if (code == static_cast<int>(kind)) rethrow(c, code, answer.take().view());
  refuse(c, "the process that reads it failed");
}

}  // namespace cg
