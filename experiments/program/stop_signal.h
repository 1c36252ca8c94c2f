// How a run is asked to save and end: SIGTERM and SIGUSR1 (a scheduler), SIGINT (Ctrl-C).
#pragma once

#include <signal.h>

#include <array>

namespace cg {

/// While it lives, SIGTERM, SIGINT and SIGUSR1 are noted instead of killing. A second SIGINT kills at once. A signal
/// that was ignored before (a job in the background of a script) stays ignored.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  std::array<struct sigaction, 3> before_{};
};

/// The signal noted since the last StopSignals began to live; 0: none.
int stop_signal();

}  // namespace cg
