// SPDX-License-Identifier: Apache-2.0
#include "data/files/sandbox_child.h"

#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <vector>

namespace cg::sandboxed {
namespace {

/// The system calls that are allowed: for memory, for the end of the process, and what the C library needs for both.
constexpr long allowed_calls[] = {
    SYS_mmap,        SYS_munmap, SYS_mremap,         SYS_mprotect,      SYS_madvise,      SYS_brk,         SYS_futex,
    SYS_sched_yield, SYS_write,  SYS_rt_sigprocmask, SYS_rt_sigaction,  SYS_rt_sigreturn, SYS_sigaltstack, SYS_getpid,
    SYS_gettid,      SYS_tgkill, SYS_getrandom,      SYS_clock_gettime, SYS_exit,         SYS_exit_group};

/// Those that are allowed to a child that keeps a descriptor: it answers questions, each within a time.
constexpr long calls_to_answer[] = {SYS_read, SYS_setitimer};

/// After this the kernel refuses all other system calls (EACCES): the child can open no other file and send nothing.
/// On a kernel without filters only the limits apply.
void filter_calls(bool answers) {
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  const auto allow = [&](long call) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  };
  for (const long call : allowed_calls) allow(call);
  for (const long call : calls_to_answer)
    if (answers) allow(call);
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

}  // namespace

void lock_down(const SandboxLimits& limits, int kept) {
  for (int number = 1; number < 32; ++number)
    signal(number, SIG_DFL);  // the parent's handlers must not run in the child
  // Signals to a whole process group are for the parent, which ends the child; it may also ignore them.
  for (const int sent_to_all : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) signal(sent_to_all, SIG_IGN);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_AS, address_space() + limits.memory_bytes);
  if (kept > 3) syscall(SYS_close_range, 3, kept - 1, 0);
  syscall(SYS_close_range, std::max(3, kept + 1), ~0u, 0);
  filter_calls(kept >= 0);
}

void refuse_start(const SandboxLimits& limits) {
  fail(ErrorKind::memory, limits.path, "the process that reads the file cannot be started", "Free some memory");
}

void refuse(const SandboxLimits& limits, const std::string& what) {
  fail(ErrorKind::corrupt, limits.path, what + ": the file is damaged or malicious",
       "Create or download the file again");
}

std::string packed(const Error& error) { return error.where() + '\0' + error.found() + '\0' + error.fix(); }

void rethrow(const SandboxLimits& limits, int code, std::string_view parts) {
  if (code == out_of_memory)
    refuse(limits, fmt::format("reading the file takes more than {} MB", limits.memory_bytes >> 20));
  for (const ErrorKind kind :
       {ErrorKind::usage, ErrorKind::data, ErrorKind::corrupt, ErrorKind::memory, ErrorKind::in_use}) {
    const std::string text(parts);
    const std::size_t first = text.find('\0'), second = text.find('\0', first + 1);
    if (code != static_cast<int>(kind) || first == std::string::npos || second == std::string::npos) continue;
    fail(kind, text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1));
  }
  refuse(limits, "the process that reads the file failed");
}

void refuse_end(const SandboxLimits& limits, int status, bool timed_out) {
  if (!WIFSIGNALED(status)) refuse(limits, "the process that reads the file failed");
  const int signal = WTERMSIG(status);
  if (signal == SIGXCPU || signal == SIGPROF || timed_out)
    refuse(limits, fmt::format("reading the file takes more than {} seconds", limits.processor_seconds));
  if (signal == SIGKILL)
    fail(ErrorKind::memory, limits.path,
         "the system killed the process that reads the file, probably because memory is short",
         "Free some memory, and try again");
  refuse(limits, fmt::format("the process that reads the file crashed (SIG{})", sigabbrev_np(signal)));
}

KeptStatus::KeptStatus() {
  sigaction(SIGCHLD, nullptr, &before_);
  if (before_.sa_handler != SIG_IGN && !(before_.sa_flags & SA_NOCLDWAIT)) return;
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  changed_ = sigaction(SIGCHLD, &plain, nullptr) == 0;
}

KeptStatus::~KeptStatus() {
  if (changed_) sigaction(SIGCHLD, &before_, nullptr);
}

}  // namespace cg::sandboxed
