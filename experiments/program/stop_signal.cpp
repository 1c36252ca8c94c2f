// SPDX-License-Identifier: Apache-2.0
#include "experiments/program/stop_signal.h"

#include <atomic>

namespace cg {
namespace {

constexpr std::array signals = {SIGTERM, SIGINT, SIGUSR1, SIGHUP};

/// The only thing that a handler may change. A handler runs on any thread, so this is atomic; lock-free atomics are
/// allowed in handlers.
std::atomic<int> recorded = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void record(int signal) { recorded = signal; }

}  // namespace

StopSignals::StopSignals() {
  recorded = 0;
  for (std::size_t k = 0; k < signals.size(); ++k) {
    struct sigaction action {};
    action.sa_handler = record;
    // Interrupted reads and writes continue. After the first SIGINT, the previous handler is back.
    action.sa_flags = SA_RESTART | (signals[k] == SIGINT ? static_cast<int>(SA_RESETHAND) : 0);
    sigaction(signals[k], nullptr, &before_[k]);
    if (before_[k].sa_handler != SIG_IGN) sigaction(signals[k], &action, nullptr);
  }
}

StopSignals::~StopSignals() {
  for (std::size_t k = 0; k < signals.size(); ++k) sigaction(signals[k], &before_[k], nullptr);
}

int stop_signal() { return recorded; }

}  // namespace cg
