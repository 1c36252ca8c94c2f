// SPDX-License-Identifier: Apache-2.0
// A command line run as a user runs it.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>
#include <string>

namespace cg::test {

struct Finished {
  int code = -1;     ///< of the exit; 128 + n after signal n
  std::string text;  ///< of both standard streams, where the command joins them (2>&1)

  bool says(const std::string& words) const { return text.find(words) != std::string::npos; }
};

/// Runs a command through sh.
inline Finished shell(const std::string& command) {
  Finished finished;
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe);
  char block[4096];
  for (std::size_t n; (n = fread(block, 1, sizeof block, pipe)) > 0;) finished.text.append(block, n);
  const int status = pclose(pipe);
  finished.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return finished;
}

}  // namespace cg::test
