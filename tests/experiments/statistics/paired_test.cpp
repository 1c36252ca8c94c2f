// SPDX-License-Identifier: Apache-2.0
// Paired differences: known cases, intervals that cover what they promise, and Holm's correction.
#include "experiments/statistics/paired.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "tensor/error.h"
#include "tensor/random.h"

using namespace cg;

TEST_CASE("paired difference: the mean is that of all pairs, and a constant difference has no width") {
  const std::vector<double> a = {1, 2, 3, 4, 5, 6}, b = {0.5, 1.5, 2.5, 3.5, 4.5, 5.5};
  const PairedDifference d = paired_difference({a, 2, 3}, {b, 2, 3}, 200);
  CHECK(d.mean == doctest::Approx(0.5));
  CHECK(d.low == doctest::Approx(0.5));
  CHECK(d.high == doctest::Approx(0.5));
  CHECK(d.p == doctest::Approx(2.0 / 201));
  const PairedDifference none = paired_difference({a, 2, 3}, {a, 2, 3}, 200);
  CHECK(none.mean == 0);
  CHECK(none.p == 1);
  CHECK_THROWS_AS(paired_difference({a, 2, 3}, {b, 3, 2}), Error);
}

TEST_CASE("paired difference: the sign says which method is better, and the same seed gives the same interval") {
  Random random({.seed = 3});
  std::vector<double> better, worse;
  for (int k = 0; k < 5 * 60; ++k) {
    better.push_back(std::abs(3 * random.normal()));
    worse.push_back(better.back() + 1 + 0.5 * random.normal());
  }
  const PairedDifference d = paired_difference({better, 5, 60}, {worse, 5, 60});
  CHECK(d.mean < 0);
  CHECK(d.high < 0);
  CHECK(d.low < d.mean);
  CHECK(d.p < 0.001);
  const PairedDifference same = paired_difference({better, 5, 60}, {worse, 5, 60});
  CHECK(same.low == d.low);
  CHECK(same.high == d.high);
}

TEST_CASE("paired difference: a 95 % interval covers the true difference in 93 to 97 % of simulated studies") {
  // The difference of a subject has an effect of its own, and noise from seed to seed: 100 subjects, 5 seeds.
  constexpr Index seeds = 5, subjects = 100, studies = 2000;
  constexpr double truth = 0.3;
  Random random({.seed = 11});
  Index covered = 0;
  for (Index study = 0; study < studies; ++study) {
    std::vector<double> a(seeds * subjects), b(seeds * subjects, 0.0), of_subject;
    for (Index i = 0; i < subjects; ++i) of_subject.push_back(2 * random.normal());
    for (std::size_t k = 0; k < a.size(); ++k)
      a[k] = truth + of_subject[k % static_cast<std::size_t>(subjects)] + 0.5 * random.normal();
    const PairedDifference d =
        paired_difference({a, seeds, subjects}, {b, seeds, subjects}, 400, static_cast<std::uint64_t>(study));
    covered += d.low <= truth && truth <= d.high;
  }
  const double share = static_cast<double>(covered) / studies;
  MESSAGE("coverage ", share);
  CHECK(share >= 0.93);
  CHECK(share <= 0.97);
}

TEST_CASE("Holm: the values that R's p.adjust(method = \"holm\") gives") {
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.005};
  const std::vector<double> want = {0.03, 0.06, 0.06, 0.02};
  const std::vector<double> got = holm(p);
  for (std::size_t k = 0; k < p.size(); ++k) CHECK(got[k] == doctest::Approx(want[k]));
  CHECK(holm(std::vector<double>{0.7, 0.9}) == std::vector<double>{1, 1});
  CHECK(holm({}).empty());
}
