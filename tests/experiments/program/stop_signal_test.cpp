// SPDX-License-Identifier: Apache-2.0
// Signals that ask a run to save and end: recorded while a run trains, and otherwise unchanged.
#include "experiments/program/stop_signal.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace cg;

namespace {

/// Runs this in a new process. Returns its exit code, or 128 + the signal that killed it.
int fate(auto body) {
  const pid_t child = fork();
  if (child == 0) {
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGHUP})
      ::signal(signal, SIG_DFL);  // doctest sets its own handlers for some
    _exit(body());
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("StopSignals: SIGTERM, SIGINT, SIGUSR1 and SIGHUP are recorded, and the next run starts without them") {
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGHUP}) {
    CAPTURE(signal);
    CHECK(fate([&] {
            const StopSignals run;
            raise(signal);
            return stop_signal();
          }) == signal);
    CHECK(fate([&] {
            {
              const StopSignals run;
              raise(signal);
            }
            const StopSignals next;
            return stop_signal();
          }) == 0);
  }
}

TEST_CASE("StopSignals: a second SIGINT kills, a second SIGTERM does not") {
  const auto twice = [](int signal) {
    return fate([&] {
      const StopSignals run;
      raise(signal);
      raise(signal);
      return 0;
    });
  };
  CHECK(twice(SIGINT) == 128 + SIGINT);
  CHECK(twice(SIGTERM) == 0);
  CHECK(twice(SIGUSR1) == 0);
}

TEST_CASE("StopSignals: before and after a run the signals kill, and an ignored signal stays ignored") {
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGHUP}) {
    CAPTURE(signal);
    CHECK(fate([&] {
            { const StopSignals run; }
            return raise(signal);
          }) == 128 + signal);
    CHECK(fate([&] {
            ::signal(signal, SIG_IGN);
            const StopSignals run;
            raise(signal);
            return stop_signal();
          }) == 0);
  }
}
