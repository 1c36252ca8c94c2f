// SPDX-License-Identifier: Apache-2.0
// The host's stand-in for a GPU must notice what would go wrong there.
#include "tensor/backend/cuda/block/block.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tensor/backend.h"
#include "tests/support/host_launch.h"

using namespace cg;
using namespace cg::cuda;
using namespace cg::test;

namespace {

/// Sums `threads` numbers; with `barriers` as it should be, else with all steps in one phase.
struct Sum {
  static constexpr int threads = 100;
  struct Shared {
    float part[threads];
  };
  bool barriers;
  const float* x;
  float* y;

  template <class Block>
  void operator()(Block& block, Shared& shared) const {
    const auto add = [&](int into, int from) { shared.part[into] += shared.part[from]; };
    if (barriers) {
      block.phase([&](int thread) { shared.part[thread] = x[thread]; });
      fold_lanes(block, threads, 1, add);
    } else {
      block.phase([&](int thread) {
        shared.part[thread] = x[thread];
        if (thread + 50 < threads) add(thread, thread + 50);
      });
      fold_lanes(block, 50, 1, add);
    }
    block.finish([&](int thread) {
      if (thread == 0) y[block.index()] = shared.part[0];
    });
  }
};

template <Order order>
std::vector<float> sums(bool barriers) {
  std::vector<float> x(Sum::threads), y(3);
  for (std::size_t k = 0; k < x.size(); ++k) x[k] = static_cast<float>(k + 1);
  HostLaunch<order>()(3, Sum{barriers, x.data(), y.data()});
  return y;
}

}  // namespace

TEST_CASE("a body with its barriers gives the same sum in every order of threads") {
  const std::vector<float> want(3, 5050.0f);
  CHECK(sums<Order::forward>(true) == want);
  CHECK(sums<Order::reversed>(true) == want);
  CHECK(sums<Order::shuffled>(true) == want);
}

TEST_CASE("a body without a barrier is noticed: threads find shared memory as it was before") {
  CHECK(std::isnan(sums<Order::forward>(false)[0]));
  CHECK_FALSE(std::isnan(sums<Order::reversed>(false)[0]));
  CHECK(std::isnan(sums<Order::shuffled>(false)[0]));
}

TEST_CASE("lanes are folded whatever their number, each once") {
  for (int lanes = 1; lanes <= 70; ++lanes)
    for (const int groups : {1, 3}) {
      std::vector<int> value(static_cast<std::size_t>(lanes * groups), 1);
      HostBlock block(0, 256, Order::reversed);
      fold_lanes(block, lanes, groups, [&](int into, int from) {
        value[static_cast<std::size_t>(into)] += value[static_cast<std::size_t>(from)];
      });
      for (int g = 0; g < groups; ++g) CHECK(value[static_cast<std::size_t>(g)] == lanes);
    }
}

TEST_CASE("a tensor's memory: a single number may lie between others, as the update's flag does") {
  HostBackend host;
  const Tensor four = host.tensor({{4}, DType::f64});
  CHECK(cuda::pointer<double>(four.part({{1}, DType::f64}, 24)) == four.data<double>().data() + 3);
}
