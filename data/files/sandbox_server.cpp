// SPDX-License-Identifier: Apache-2.0
#include "data/files/sandbox_server.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <new>

#include "data/files/sandbox_child.h"
#include "tensor/error.h"

namespace cg {
namespace {

using namespace sandboxed;

/// In front of every question and answer.
struct Head {
  std::uint64_t size = 0;
  std::int64_t code = 0;  ///< 0, or why there is no answer: the number of an ErrorKind, out_of_memory or crashed
};

/// Moves bytes by calls that each move a part and return how many, or −1. False: the other end is gone.
template <class Byte, class Move>
bool move_all(Byte* at, std::size_t size, const Move& move) {
  while (size > 0) {
    const ssize_t n = move(at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

/// The child's end of the socket. A failure ends the child: its parent is gone.
void write_all(int socket, const char* bytes, std::size_t size) {
  if (!move_all(bytes, size, [&](const char* at, std::size_t left) { return write(socket, at, left); })) _exit(0);
}

void read_all(int socket, char* to, std::size_t size) {
  if (!move_all(to, size, [&](char* at, std::size_t left) { return read(socket, at, left); })) _exit(0);
}

/// From now on the child may compute for so long; 0: as long as it likes.
void allow_seconds(int seconds) {
  const itimerval once{{0, 0}, {seconds, 0}};
  setitimer(ITIMER_PROF, &once, nullptr);
}

/// Sends what `compute` returns or throws. False: it threw.
bool reply(int socket, const SandboxLimits& limits, const std::function<std::string()>& compute) {
  Head head;
  std::string bytes;
  try {
    allow_seconds(limits.processor_seconds);
    bytes = compute();
    if (static_cast<Index>(bytes.size()) > limits.answer_bytes) throw std::bad_alloc();
  } catch (const Error& error) {
    bytes = packed(error);
    head.code = static_cast<int>(error.kind());
  } catch (const std::bad_alloc&) {
    bytes.clear();
    head.code = out_of_memory;
  } catch (...) {
    bytes.clear();
    head.code = crashed;
  }
  allow_seconds(0);
  head.size = bytes.size();
  write_all(socket, reinterpret_cast<const char*>(&head), sizeof head);
  write_all(socket, bytes.data(), bytes.size());
  return head.code == 0;
}

/// The child. What it throws must not reach the parent's code, of which it is a copy.
[[noreturn]] void serve(int socket, const SandboxLimits& limits,
                        const std::function<SandboxAnswerer()>& start) noexcept {
  lock_down(limits, socket);
  SandboxAnswerer answer;
  const bool started = reply(socket, limits, [&] {
    answer = start();
    return std::string();
  });
  while (started) {
    Head head;
    read_all(socket, reinterpret_cast<char*>(&head), sizeof head);
    std::string question(head.size, '\0');
    read_all(socket, question.data(), question.size());
    reply(socket, limits, [&] { return answer(question); });
  }
  _exit(0);
}

/// The parent's end. False: the child has ended.
bool send_all(int socket, const char* bytes, std::size_t size) {
  return move_all(bytes, size, [&](const char* at, std::size_t left) { return send(socket, at, left, MSG_NOSIGNAL); });
}

/// False: the child has ended, or the deadline has passed.
bool receive_all(int socket, char* to, std::size_t size, std::chrono::steady_clock::time_point deadline) {
  using std::chrono::milliseconds;
  return move_all(to, size, [&](char* at, std::size_t left) -> ssize_t {
    pollfd ready{socket, POLLIN, 0};
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return 0;
    const auto wait = std::chrono::ceil<milliseconds>(deadline - now);
    const int n = poll(&ready, 1, static_cast<int>(wait.count()));
    return n > 0 ? recv(socket, at, left, 0) : n;
  });
}

}  // namespace

SandboxServer::SandboxServer(SandboxLimits limits, const std::function<SandboxAnswerer()>& start)
    : limits_(std::move(limits)) {
  std::array<int, 2> ends{-1, -1};
  const bool connected = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0;
  Descriptor parents(ends[0]), childs(ends[1]);
  child_ = connected ? fork() : -1;
  if (child_ < 0) refuse_start(limits_);
  if (child_ == 0) serve(childs.get(), limits_, start);
  socket_ = std::move(parents);
  childs = Descriptor();
  try {
    answer();
  } catch (...) {
    end_child();
    throw;
  }
}

SandboxServer::~SandboxServer() { end_child(); }

void SandboxServer::end_child() {
  if (child_ < 0) return;
  socket_ = Descriptor();  // the child's next read finds the end
  kill(child_, SIGKILL);
  while (waitpid(child_, &status_, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
}

std::string SandboxServer::ask(std::string_view question) {
  const std::lock_guard alone(one_at_a_time_);
  if (child_ < 0) refuse_end(limits_, status_, timed_out_);
  const Head head{question.size(), 0};
  if (!send_all(socket_.get(), reinterpret_cast<const char*>(&head), sizeof head) ||
      !send_all(socket_.get(), question.data(), question.size()))
    refuse_child();
  return answer();
}

std::string SandboxServer::answer() {
  constexpr int wall_per_processor = 20;  // on a busy machine, or a slow disk
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(wall_per_processor * limits_.processor_seconds);
  const auto receive = [&](char* to, std::size_t size) {
    if (receive_all(socket_.get(), to, size, deadline)) return;
    timed_out_ = std::chrono::steady_clock::now() >= deadline;
    refuse_child();
  };
  Head head;
  receive(reinterpret_cast<char*>(&head), sizeof head);
  if (head.size > static_cast<std::uint64_t>(limits_.answer_bytes)) refuse_child();  // the child checks it too
  std::string bytes(head.size, '\0');
  receive(bytes.data(), bytes.size());
  if (head.code != 0) rethrow(limits_, static_cast<int>(head.code), bytes);
  return bytes;
}

void SandboxServer::refuse_child() {
  end_child();  // a child that has ended keeps its own status
  refuse_end(limits_, status_, timed_out_);
}

}  // namespace cg
