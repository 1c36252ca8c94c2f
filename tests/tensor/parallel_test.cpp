// SPDX-License-Identifier: Apache-2.0
// An exception in an OpenMP region comes out behind it; without the guard the program would end (std::terminate).
#include "tensor/parallel.h"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>

#include "tensor/error.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

/// A region of `threads` threads whose body fails at `bad`; how many bodies ran to their end.
int run(int threads, int n, const std::set<int>& bad) {
  std::atomic<int> done = 0;
  RegionErrors errors;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int i = 0; i < n; ++i)
    errors.guard([&] {
      if (bad.contains(i)) fail(ErrorKind::memory, "body " + std::to_string(i), "no memory", "Free some.");
      ++done;
    });
  CHECK(errors.any() == !bad.empty());
  errors.rethrow();
  return done;
}

}  // namespace

TEST_CASE("parallel regions: without an error every body runs, on any number of threads") {
  for (const int threads : {1, 2, 7}) CHECK(run(threads, 100, {}) == 100);
}

TEST_CASE("parallel regions: an error of one body is thrown behind the region, with its kind and message") {
  for (const int threads : {1, 2, 7})
    for (const int bad : {0, 50, 99}) {
      CAPTURE(threads);
      check_fails([&] { run(threads, 100, {bad}); }, ErrorKind::memory, {"body " + std::to_string(bad), "no memory"});
    }
}

TEST_CASE("parallel regions: of several errors one is thrown, and on one thread the first") {
  std::set<int> all;
  for (int i = 0; i < 100; ++i) all.insert(i);
  for (const int threads : {2, 7}) check_fails([&] { run(threads, 100, all); }, ErrorKind::memory, {"no memory"});
  check_fails([&] { run(1, 100, {3, 4, 60}); }, ErrorKind::memory, {"body 3"});
}

TEST_CASE("parallel regions: after an error no further body starts, in ordered parts neither") {
  for (const int threads : {1, 4}) {
    int after = 0;
    RegionErrors errors;
#pragma omp parallel for ordered schedule(dynamic) num_threads(threads)
    for (int i = 0; i < 50; ++i) {
      errors.guard([] {});
#pragma omp ordered
      errors.guard([&] {
        if (i == 10) throw std::runtime_error("ten");
        after += i > 10;
      });
    }
    CHECK(after == 0);
    CHECK_THROWS_WITH_AS(errors.rethrow(), "ten", std::runtime_error);
  }
}

TEST_CASE("parallel regions: scratch of a thread, or std::bad_alloc behind the region where there is no memory") {
  for (const Index size : {Index{5}, Index{1} << 50}) {  // 4 PiB
    RegionErrors errors;
    std::atomic<int> sums = 0, without = 0;
#pragma omp parallel num_threads(3)
    {
      const ThreadRow<float> row(size, errors);
#pragma omp for
      for (int i = 0; i < 30; ++i) {
        if (!row.data()) {
          ++without;
          continue;
        }
        row.data()[size - 1] = static_cast<float>(i);
        sums += static_cast<int>(row.data()[size - 1]);
      }
    }
    CHECK(errors.any() == (size > 5));
    CHECK(sums == (size > 5 ? 0 : 435));
    CHECK(without == (size > 5 ? 30 : 0));
    if (size > 5)
      CHECK_THROWS_AS(errors.rethrow(), std::bad_alloc);
    else
      errors.rethrow();
  }
}
