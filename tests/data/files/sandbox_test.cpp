// SPDX-License-Identifier: Apache-2.0
// The process in which malicious files are read: its failures do not affect the parent.
#include "data/files/sandbox.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <vector>

#include "tests/data/formats/raw_h5.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

SandboxLimits limits(Index answer = 1000) {
  return {.path = "weights.h5", .memory_bytes = Index{64} << 20, .answer_bytes = answer, .processor_seconds = 2};
}

/// A body's answer as text.
std::string run(const SandboxLimits& c, const std::function<std::string()>& body) {
  const SandboxResult answer = sandbox(c, [&](std::span<char> space) {
    const std::string text = body();
    std::copy_n(text.begin(), std::min(text.size(), space.size()), space.begin());
    return text.size();
  });
  return std::string(answer.view());
}

}  // namespace

TEST_CASE("sandbox: all bytes of an answer are returned, and an error with its kind and its parts") {
  const std::string answer("a\0b", 3);
  CHECK(run(limits(), [&] { return answer; }) == answer);
  CHECK(run(limits(3), [&] { return answer; }) == answer);
  check_fails([] { run(limits(), []() -> std::string { fail(ErrorKind::data, "here", "that is so", "Do this"); }); },
              ErrorKind::data, {"here", "that is so", "Do this"});
}

TEST_CASE("sandbox: the exit status is known even if SIGCHLD is ignored, and it is ignored again afterwards") {
  const auto before = signal(SIGCHLD, SIG_IGN);
  CHECK(run(limits(), [] { return std::string("x"); }) == "x");
  check_fails([] { run(limits(), []() -> std::string { fail(ErrorKind::data, "here", "that is so", "Do this"); }); },
              ErrorKind::data, {"here", "that is so", "Do this"});
  const bool ignored = signal(SIGCHLD, before) == SIG_IGN;
  CHECK(ignored);
}

TEST_CASE("sandbox: a crash, an exception, an endless loop and an exit are errors of the file") {
  const auto refused = [](const std::function<std::string()>& body, const std::string& word) {
    check_fails([&] { run(limits(), body); }, ErrorKind::corrupt, {"weights.h5", word});
  };
  refused(
      []() -> std::string {
        raise(SIGSEGV);
        return "";
      },
      "SIGSEGV");
  refused(
      []() -> std::string {
        raise(SIGFPE);
        return "";
      },
      "SIGFPE");
  refused([]() -> std::string { abort(); }, "SIGABRT");
  refused([]() -> std::string { throw 5; }, "failed");
  refused([]() -> std::string { _exit(77); }, "failed");
  const auto begin = std::chrono::steady_clock::now();
  refused(
      []() -> std::string {
        for (volatile unsigned k = 0;;) k = k + 1;
      },
      "more than 2 seconds");
  // Long before the deadline of 40 seconds, which is for a child that does not compute.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(25));
}

TEST_CASE("sandbox: too much memory and an answer that is too long are refused") {
  const auto large = [] { return std::string(std::size_t{1} << 30, 'x').substr(0, 1); };
  if (dlsym(RTLD_DEFAULT, "__asan_init"))
    MESSAGE("[skipped: the address sanitizer ends a process that asks for more memory than there is]");
  else
    check_fails([&] { run(limits(), large); }, ErrorKind::corrupt, {"weights.h5", "more than 64 MB"});
  check_fails([&] { run(limits(2), [] { return std::string("abc"); }); }, ErrorKind::corrupt, {"more than"});
}

TEST_CASE("sandbox: the child cannot open, connect or write anything, and the parent's files are closed") {
  const TemporaryFile file("secret.txt"), created("created.txt");
  std::ofstream(file.path) << "secret";
  const int opened = open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(opened >= 0);
  const std::string answer = run(limits(), [&] {
    std::string out;
    const auto note = [&](bool refused) { out += refused ? 'r' : '-'; };
    note(open(file.path.c_str(), O_RDONLY) < 0 && errno == EACCES);
    note(open(created.path.c_str(), O_WRONLY | O_CREAT, 0600) < 0);
    note(socket(AF_INET, SOCK_STREAM, 0) < 0);
    char byte = 0;
    note(read(opened, &byte, 1) < 0);
    note(fork() < 0);
    note(unlink(file.path.c_str()) < 0);
    rlimit core{};
    note(getrlimit(RLIMIT_CORE, &core) < 0);  // getrlimit is refused too; the limit is set
    return out;
  });
  close(opened);
  CHECK(answer == "rrrrrrr");
  CHECK(std::filesystem::exists(file.path));
  CHECK_FALSE(std::filesystem::exists(created.path));
}
