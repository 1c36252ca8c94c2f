// SPDX-License-Identifier: Apache-2.0
// How an engine is timed, and its result compared. This file does not use CUDA, so that the tests run it without a GPU.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "tensor/backend/engine_sweep.h"

namespace cg::cuda {

/// Host memory for the results of a problem's engines.
struct EngineResults {
  Tensor first;       ///< of the first engine with a finite result; empty until there is one
  Tensor got, again;  ///< of the engine that is timed
};

/// `Engine` is an engine with the tensors of its problem, on a device:
///   std::string run()                   starts it; empty, or why it cannot run
///   void reset()                        gives the result's memory the bytes that it had before the first run
///   void read(Tensor& host)             waits, and copies the result
///   double milliseconds(int runs)       of runs in a row
///   Tensor host_result()                host memory for a result
template <class Engine>
class EngineTimer {
 public:
  EngineTimer(Engine& engine, EngineResults& results) : engine_(engine), results_(results) {}

  /// `fastest`: as EngineSweep::time.
  EngineTiming time(double fastest) {
    EngineTiming timing;
    engine_.reset();
    timing.failure = engine_.run();
    if (!timing.failure.empty()) return timing;
    timing.slow = is_slow(fastest, timing.milliseconds);
    if (timing.slow) return timing;
    timing.failure = result(results_.got);
    if (!timing.failure.empty()) return timing;
    const bool finite = std::isfinite(relative_distance(results_.got, results_.got));
    if (finite && !results_.first) {
      results_.first = engine_.host_result();
      std::memcpy(results_.first.raw(), results_.got.raw(), bytes());
    }
    timing.error_to_first = relative_distance(results_.got, results_.first ? results_.first : results_.got);
    timing.equal_bits = repeats_bits();
    timing.milliseconds = median(timing.milliseconds);
    timing.equal_bits = timing.equal_bits && repeats_bits();
    return timing;
  }

 private:
  /// cuDNN proposes some sixty candidates for a problem, many of them far from the fastest: few runs show that.
  bool is_slow(double fastest, double& milliseconds) {
    constexpr int runs = 4;
    milliseconds = engine_.milliseconds(1);
    if (milliseconds > 3 * fastest) return true;
    milliseconds = engine_.milliseconds(runs) / runs;
    return milliseconds > 1.3 * fastest;
  }

  /// Runs the engine once. Returns why it could not run.
  std::string result(Tensor& to) {
    if (!to) to = engine_.host_result();
    engine_.reset();
    const std::string failure = engine_.run();
    if (failure.empty()) engine_.read(to);
    return failure;
  }

  bool repeats_bits() {
    return result(results_.again).empty() && std::memcmp(results_.got.raw(), results_.again.raw(), bytes()) == 0;
  }
  std::size_t bytes() const { return static_cast<std::size_t>(results_.got.spec().size_bytes()); }

  /// How many runs of `once` milliseconds take `wanted` milliseconds or more, 1 to `most`.
  static int runs_for(double wanted, double once, double most) {
    return static_cast<int>(std::clamp(std::ceil(wanted / std::max(once, 1e-6)), 1.0, most));
  }

  /// Of groups that take a millisecond or more, so that neither the events nor the start of a kernel count. Five
  /// milliseconds before raise the card's clock. `once`: about the time of a run.
  double median(double once) {
    constexpr int groups = 7;
    engine_.milliseconds(runs_for(5, once, 100));
    const int runs = runs_for(1, once, 16);
    std::vector<double> times;
    for (int group = 0; group < groups; ++group) times.push_back(engine_.milliseconds(runs) / runs);
    std::ranges::nth_element(times, times.begin() + groups / 2);
    return times[groups / 2];
  }

  Engine& engine_;
  EngineResults& results_;
};

}  // namespace cg::cuda
