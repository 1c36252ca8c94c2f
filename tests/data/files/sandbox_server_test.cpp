// SPDX-License-Identifier: Apache-2.0
// The process that keeps a malicious file open: it answers, its failures do not affect the parent, and it ends with it.
#include "data/files/sandbox_server.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <fstream>
#include <thread>
#include <vector>

#include "tests/data/formats/raw_h5.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

SandboxLimits limits() {
  return {.path = "maps.h5", .memory_bytes = Index{64} << 20, .answer_bytes = 1 << 20, .processor_seconds = 1};
}

/// A server whose answers are those of a function.
struct Server : SandboxServer {
  explicit Server(const SandboxAnswerer& answer) : SandboxServer(limits(), [answer] { return answer; }) {}
};

[[noreturn]] void loop() {
  for (volatile unsigned k = 0;;) k = k + 1;
}

/// A question is the name of a fault.
std::string misbehave(std::string_view question) {
  if (question == "crash") raise(SIGSEGV);
  if (question == "loop") loop();
  if (question == "killed") raise(SIGKILL);
  if (question == "exit") _exit(77);
  if (question == "throw") throw 5;
  if (question == "long") return std::string((1 << 20) + 1, 'x');
  if (question == "error") fail(ErrorKind::data, "here", "that is so", "Do this");
  return std::string(question) + "!";
}

/// A process that has ended but that no process waits for is not running.
bool is_running(pid_t id) {
  std::string number, name, state;
  std::ifstream("/proc/" + std::to_string(id) + "/stat") >> number >> name >> state;
  return !state.empty() && state != "Z";
}

}  // namespace

TEST_CASE("sandbox server: it answers every question, with all bytes, and an error is not its end") {
  Server server(misbehave);
  const std::string bytes("a\0b", 3);
  CHECK(server.ask(bytes) == bytes + "!");
  CHECK(server.ask("") == "!");
  check_fails([&] { server.ask("error"); }, ErrorKind::data, {"here", "that is so", "Do this"});
  check_fails([&] { server.ask("throw"); }, ErrorKind::corrupt, {"maps.h5", "failed"});
  check_fails([&] { server.ask("long"); }, ErrorKind::corrupt, {"maps.h5", "more than 64 MB"});
  CHECK(server.ask("still there") == "still there!");
  CHECK(server.ask(std::string(900'000, 'x')) == std::string(900'000, 'x') + "!");
}

TEST_CASE("sandbox server: an error of its start is reported") {
  const auto start = []() -> SandboxAnswerer { fail(ErrorKind::corrupt, "maps.h5", "it is damaged", "Get another"); };
  check_fails([&] { SandboxServer(limits(), start); }, ErrorKind::corrupt, {"maps.h5", "it is damaged", "Get another"});
  const auto crash = []() -> SandboxAnswerer { raise(SIGBUS), std::abort(); };
  check_fails([&] { SandboxServer(limits(), crash); }, ErrorKind::corrupt, {"maps.h5", "SIGBUS"});
}

TEST_CASE("sandbox server: a crash, an endless loop and an exit are errors of the file, also of later questions") {
  for (const auto& [fault, word] :
       {std::pair{"crash", "SIGSEGV"}, {"loop", "more than 1 seconds"}, {"exit", "failed"}}) {
    CAPTURE(fault);
    Server server(misbehave);
    CHECK(server.ask("first") == "first!");  // the limit holds for later questions too
    const auto begin = std::chrono::steady_clock::now();
    check_fails([&] { server.ask(fault); }, ErrorKind::corrupt, {"maps.h5", word});
    check_fails([&] { server.ask("again"); }, ErrorKind::corrupt, {"maps.h5", word});
    // Long before the deadline of 20 seconds, which is for a child that does not compute.
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(12));
  }
}

TEST_CASE("sandbox server: a child that something else kills is an error of memory, not of the file") {
  Server server(misbehave);
  CHECK(server.ask("first") == "first!");
  for (const char* question : {"killed", "again"})
    check_fails([&] { server.ask(question); }, ErrorKind::memory,
                {"maps.h5", "the system killed the process", "Free some memory"});
}

TEST_CASE("sandbox server: time counts for each question, not for all") {
  Server server([](std::string_view) {
    const auto end = std::clock() + CLOCKS_PER_SEC * 3 / 5;
    while (std::clock() < end) {
    }
    return std::string("done");
  });
  for (int k = 0; k < 3; ++k) CHECK(server.ask("") == "done");
}

TEST_CASE("sandbox server: too much memory is refused") {
  if (dlsym(RTLD_DEFAULT, "__asan_init")) {
    MESSAGE("[skipped: the address sanitizer ends a process that asks for more memory than there is]");
    return;
  }
  Server server([](std::string_view) { return std::string(std::size_t{1} << 30, 'x').substr(0, 1); });
  check_fails([&] { server.ask(""); }, ErrorKind::corrupt, {"maps.h5", "more than 64 MB"});
}

TEST_CASE("sandbox server: the child cannot open anything, and the parent's files are closed") {
  const TemporaryFile file("secret.txt");
  std::ofstream(file.path) << "secret";
  const int opened = open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(opened >= 0);
  Server server([&](std::string_view) {
    char byte = 0;
    const bool refused = open(file.path.c_str(), O_RDONLY) < 0 && errno == EACCES;
    const bool closed = read(opened, &byte, 1) < 0 && errno == EBADF;
    return std::string(refused ? "r" : "-") + (closed ? "c" : "-") + (fork() < 0 ? "f" : "-");
  });
  CHECK(server.ask("") == "rcf");
  close(opened);
}

TEST_CASE("sandbox server: several threads ask at the same time") {
  Server server(misbehave);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int k = 0; k < 200; ++k) {
        const std::string question = std::to_string(t) + " " + std::to_string(k);
        if (server.ask(question) != question + "!") ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("sandbox server: signals to the whole group do not end it, the end of its parent does") {
  const auto id_of = [](std::string_view) { return std::to_string(getpid()); };
  pid_t child = 0;
  {
    Server server(id_of);
    child = std::stoi(server.ask(""));
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) kill(child, number);
    CHECK(server.ask("") == std::to_string(child));
    CHECK(is_running(child));
  }
  CHECK_FALSE(is_running(child));
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t parent = fork();
  if (parent == 0) {
    Server server(id_of);
    const std::string id = server.ask("");
    if (write(ends[1], id.data(), id.size()) < 0) _exit(1);
    pause();
  }
  std::array<char, 20> text{};
  REQUIRE(read(ends[0], text.data(), text.size() - 1) > 0);
  const pid_t orphan = std::stoi(text.data());
  CHECK(is_running(orphan));
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (is_running(orphan) && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  CHECK_FALSE(is_running(orphan));
  close(ends[0]), close(ends[1]);
}
