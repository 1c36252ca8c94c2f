#include "experiments/program/stop_signal.h"

#include <atomic>

namespace cg {
namespace {

constexpr std::array signals = {SIGTERM, SIGINT, SIGUSR1};

/// The one thing a handler may touch. It runs on any thread, so it is atomic; lock-free ones are allowed in handlers.
std::atomic<int> noted = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void note(int signal) { noted = signal; }

}  // namespace

StopSignals::StopSignals() {
  noted = 0;
  for (std::size_t k = 0; k < signals.size(); ++k) {
    struct sigaction action {};
    action.sa_handler = note;
    // Reads and writes that a signal meets go on; the second SIGINT finds what was there before us.
    action.sa_flags = SA_RESTART | (signals[k] == SIGINT ? static_cast<int>(SA_RESETHAND) : 0);
    sigaction(signals[k], nullptr, &before_[k]);
    if (before_[k].sa_handler != SIG_IGN) sigaction(signals[k], &action, nullptr);
  }
}

StopSignals::~StopSignals() {
  for (std::size_t k = 0; k < signals.size(); ++k) sigaction(signals[k], &before_[k], nullptr);
}

int stop_signal() { return noted; }

}  // namespace cg
