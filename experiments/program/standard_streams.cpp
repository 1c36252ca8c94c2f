// SPDX-License-Identifier: Apache-2.0
#include "experiments/program/standard_streams.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tensor/error.h"

namespace cg {
namespace {

int lost_by = 0;  // errno of the first text that could not be printed; 0: none
bool in_files = false;

/// Writes what is possible and claims to have written all.
ssize_t write_standard_output(void*, const char* bytes, size_t n) {
  for (size_t done = 0; done < n && lost_by == 0;) {
    const ssize_t written = write(STDOUT_FILENO, bytes + done, n - done);
    if (written >= 0)
      done += static_cast<size_t>(written);
    else if (errno != EINTR)
      lost_by = errno;
  }
  return static_cast<ssize_t>(n);
}

/// What standard error cannot take has no other place to go.
ssize_t write_standard_error(void*, const char* bytes, size_t n) {
  for (size_t done = 0; done < n;) {
    const ssize_t written = write(STDERR_FILENO, bytes + done, n - done);
    if (written < 0 && errno != EINTR) break;
    if (written > 0) done += static_cast<size_t>(written);
  }
  return static_cast<ssize_t>(n);
}

}  // namespace

void prepare_standard_streams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(number, F_GETFD) < 0) {
      const int opened = open("/dev/null", number == STDIN_FILENO ? O_RDONLY : O_WRONLY);
      if (opened >= 0 && opened != number) {
        dup2(opened, number);
        close(opened);
      }
    }
  FILE* errors =
      fopencookie(nullptr, "w", {.read = nullptr, .write = write_standard_error, .seek = nullptr, .close = nullptr});
  if (errors != nullptr) {
    std::setvbuf(errors, nullptr, _IONBF, 0);
    stderr = errors;
  }
  FILE* stream =
      fopencookie(nullptr, "w", {.read = nullptr, .write = write_standard_output, .seek = nullptr, .close = nullptr});
  if (stream == nullptr) return;
  std::setvbuf(stream, nullptr, _IOLBF, 1 << 16);  // whole lines, also in a log that is read while it grows
  stdout = stream;
}

void results_are_in_files() {
  in_files = true;
  signal(SIGPIPE, SIG_IGN);
}

void require_printed() {
  std::fflush(stdout);
  if (lost_by == 0 || in_files) return;
  fail(ErrorKind::storage, "standard output", std::string("it cannot be written: ") + std::strerror(lost_by),
       "Check where the output goes");
}

}  // namespace cg
