// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>

#include "losses/registry.h"
#include "tests/losses/checks.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Seconds of one evaluation: the shortest of many, so that other programs on the machine do not count.
double seconds(const Loss& loss, const LossInput& in) {
  double best = 1e9;
  for (int i = 0; i < 200; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const LossResult r = loss.evaluate(in);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    REQUIRE(r.rows.size() == in.ages.size());
    best = std::min(best, took.count());
  }
  return best;
}

}  // namespace

TEST_CASE("Losses: what value and gradient of 64 rows cost on one core") {
  // As in a program that has freed a volume: from then on the C library keeps small blocks instead of giving them back
  // to the system after every evaluation, which would double the time.
  CHECK(random_batch(0, 2048, 2, 256).rows() == 4096);
  Batch b = random_batch(1, 32, 2, 128);
  b.epoch = 25;
  for (const LossOptions& options : every_loss()) {
    const double took = seconds(*make_loss(options), b.input());
    std::printf("%-40s %6.1f us\n", describe(options).c_str(), 1e6 * took);
    WARN(took < 2e-4);   // the aim, which a busy machine may miss
    CHECK(took < 2e-2);  // not even with sanitizers a hundred times as much
  }
  for (const auto distance : {Distance::manhattan, Distance::euclidean, Distance::chebyshev, Distance::cosine})
    std::printf("distance %d %38.1f us\n", static_cast<int>(distance),
                1e6 * seconds(*make_loss<DynLocRep>({.distance = distance}), b.input()));
  std::printf("far_decay 1 %37.1f us\n", 1e6 * seconds(*make_loss<DynLocRep>({}, {.far_decay = 1}), b.input()));
}
