// SPDX-License-Identifier: Apache-2.0
// Signals that ask a run to save its state and end: SIGTERM and SIGUSR1 (a scheduler), SIGINT (Ctrl-C), SIGHUP (the
// terminal was closed).
#pragma once

#include <signal.h>

#include <array>

namespace cg {

/// While it exists, SIGTERM, SIGINT, SIGUSR1 and SIGHUP are recorded and do not end the process. A second SIGINT ends
/// it immediately. A signal that was ignored before (a background job of a script, nohup) stays ignored.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  std::array<struct sigaction, 4> before_{};
};

/// The signal recorded since the last StopSignals was created; 0: no signal.
int stop_signal();

}  // namespace cg
