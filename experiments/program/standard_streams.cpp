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

/// Writes what is possible. Returns errno of what was not; 0: nothing.
int write_bytes(int number, const char* bytes, size_t n) {
  for (size_t done = 0; done < n;) {
    const ssize_t written = write(number, bytes + done, n - done);
    if (written >= 0)
      done += static_cast<size_t>(written);
    else if (errno != EINTR)
      return errno;
  }
  return 0;
}

// Both claim to have written all.
ssize_t write_standard_output(void*, const char* bytes, size_t n) {
  if (lost_by == 0) lost_by = write_bytes(STDOUT_FILENO, bytes, n);
  return static_cast<ssize_t>(n);
}

ssize_t write_standard_error(void*, const char* bytes, size_t n) {
  write_bytes(STDERR_FILENO, bytes, n);  // what it cannot take has no other place to go
  return static_cast<ssize_t>(n);
}

/// Replaces a stream by one whose writes never fail.
void replace(FILE*& stream, cookie_write_function_t* write_to, int buffering) {
  FILE* by = fopencookie(nullptr, "w", {.read = nullptr, .write = write_to, .seek = nullptr, .close = nullptr});
  if (by == nullptr) return;
  std::setvbuf(by, nullptr, buffering, buffering == _IONBF ? 0 : 1 << 16);
  stream = by;
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
  replace(stderr, write_standard_error, _IONBF);
  replace(stdout, write_standard_output, _IOLBF);  // whole lines, also in a log that is read while it grows
}

void results_are_in_files() {
  in_files = true;
  signal(SIGPIPE, SIG_IGN);
}

void require_printed() {
  std::fflush(stdout);
  if (lost_by == 0 || in_files) return;
  fail(ErrorKind::storage, "standard output", std::string("cannot be written: ") + std::strerror(lost_by),
       "Check the file or the program that receives the output");
}

}  // namespace cg
