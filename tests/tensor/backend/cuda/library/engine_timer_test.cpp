// SPDX-License-Identifier: Apache-2.0
// How an engine of cuDNN is timed and compared, with engines of the test's own on the host.
#include "tensor/backend/cuda/library/engine_timer.h"

#include <doctest/doctest.h>

#include <limits>

#include "tests/support/tensors.h"

using namespace cg;
using namespace cg::test;
using cuda::EngineResults;
using cuda::EngineTimer;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

/// Writes `value` + run number · `drift` into all elements, or adds it to `before`.
struct FakeEngine {
  float value = 1, drift = 0, before = 0;
  bool adds = false, leaves_one = false;
  std::string failure = "";
  double once = 0.1;  ///< milliseconds
  Tensor memory = HostBackend().tensor({{5}, DType::f32});
  int runs = 0, timed = 0;
  std::vector<int> groups = {};

  std::string run() {
    if (!failure.empty()) return failure;
    const auto data = memory.data<float>();
    const float result = value + static_cast<float>(runs++) * drift;
    for (std::size_t k = 0; k < data.size() - (leaves_one ? 1 : 0); ++k) data[k] = adds ? data[k] + result : result;
    return "";
  }
  void reset() {
    for (float& x : memory.data<float>()) x = adds ? before : std::numeric_limits<float>::quiet_NaN();
  }
  void read(Tensor& host) { HostBackend().to_host(memory, host); }
  Tensor host_result() { return HostBackend().tensor(memory.spec()); }
  double milliseconds(int count) {
    groups.push_back(count);
    for (int k = 0; k < count; ++k) run();
    // One slow group: the median does not see it.
    return once * count * (++timed == 6 ? 100 : 1);
  }
};

}  // namespace

TEST_CASE("timed engine: the first is the measure of the others; its time is the median of groups") {
  EngineResults results;
  FakeEngine first{.value = 2}, second{.value = 3, .once = 5};
  const EngineTiming one = EngineTimer(first, results).time(infinite);
  CHECK(one.failure.empty());
  CHECK(one.equal_bits);
  CHECK(one.error_to_first == 0);
  CHECK(one.milliseconds == doctest::Approx(0.1));
  CHECK(first.groups == std::vector<int>{1, 4, 50, 10, 10, 10, 10, 10, 10, 10});  // a millisecond each
  const EngineTiming two = EngineTimer(second, results).time(infinite);
  CHECK(two.error_to_first == doctest::Approx(0.5));
  CHECK(two.equal_bits);
  CHECK(second.groups == std::vector<int>{1, 4, 1, 1, 1, 1, 1, 1, 1, 1});
  FakeEngine quick{.once = 1e-6};
  CHECK(EngineTimer(quick, results).time(infinite).error_to_first == doctest::Approx(0.5));
  CHECK(quick.groups[2] == 100);
  CHECK(quick.groups.back() == 16);
}

TEST_CASE("timed engine: other bits in a repeat are seen, also those of one that adds") {
  EngineResults results;
  FakeEngine drifting{.drift = 1e-6f};
  CHECK_FALSE(EngineTimer(drifting, results).time(infinite).equal_bits);
  FakeEngine adding{.before = 7, .adds = true};
  EngineResults sums;
  const EngineTiming timing = EngineTimer(adding, sums).time(infinite);
  CHECK(timing.equal_bits);
  CHECK(sums.first.data<float>()[0] == 8);  // what earlier runs added is not there
}

TEST_CASE("timed engine: one that cannot run, or leaves an element unwritten, is no measure for the others") {
  EngineResults results;
  FakeEngine broken{.failure = "not supported"};
  CHECK(EngineTimer(broken, results).time(infinite).failure == "not supported");
  CHECK_FALSE(results.first);
  FakeEngine partial{.leaves_one = true};
  CHECK(std::isinf(EngineTimer(partial, results).time(infinite).error_to_first));
  CHECK_FALSE(results.first);
  FakeEngine right;
  CHECK(EngineTimer(right, results).time(infinite).error_to_first == 0);
  CHECK(results.first);
  FakeEngine again{.leaves_one = true};
  CHECK(std::isinf(EngineTimer(again, results).time(infinite).error_to_first));
}

TEST_CASE("timed engine: one that is clearly slower than the fastest is neither compared nor timed further") {
  EngineResults results;
  FakeEngine far{.once = 1}, near{.once = 1};
  const EngineTiming slow = EngineTimer(far, results).time(0.3);
  CHECK(slow.slow);
  CHECK(slow.milliseconds == doctest::Approx(1));
  CHECK(far.groups == std::vector<int>{1});
  CHECK_FALSE(results.first);
  CHECK(EngineTimer(near, results).time(0.75).slow);
  CHECK(near.groups == std::vector<int>{1, 4});
  FakeEngine close{.once = 1};
  CHECK_FALSE(EngineTimer(close, results).time(0.8).slow);
  CHECK(results.first);
}
