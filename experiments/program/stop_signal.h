// SPDX-License-Identifier: Apache-2.0
// Signals that ask a run to save its state and end: SIGTERM and SIGUSR1 (a scheduler), SIGINT (Ctrl-C).
#pragma once

#include <signal.h>

#include <array>

namespace cg {

/// While it exists, SIGTERM, SIGINT and SIGUSR1 are recorded and do not end the process. A second SIGINT ends it
/// immediately. A signal that was ignored before (a background job of a script) stays ignored.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  std::array<struct sigaction, 3> before_{};
};

/// The signal recorded since the last StopSignals was created; 0: no signal.
int stop_signal();

}  // namespace cg
