// SPDX-License-Identifier: Apache-2.0
// Paired differences: known cases, intervals that cover what they promise, and Holm's correction.
#include "experiments/statistics/paired.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
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

namespace {

/// A simulated study. The difference of a subject has an effect of its own with an SD of 2 years.
struct Simulation {
  Index seeds = 5, subjects = 100;
  double seed_sd = 0;  ///< of a shift of all subjects of a seed, years
  double noise = 0.5;  ///< SD of a subject's difference from seed to seed, years
};

/// The share of simulated studies whose interval contains the true difference.
double coverage(const Simulation& of, Index studies) {
  constexpr double truth = 0.3;
  Random random({.seed = 11});
  Index covered = 0;
  const auto subjects = static_cast<std::size_t>(of.subjects);
  for (Index study = 0; study < studies; ++study) {
    std::vector<double> a, of_subject;
    for (std::size_t i = 0; i < subjects; ++i) of_subject.push_back(2 * random.normal());
    for (Index seed = 0; seed < of.seeds; ++seed) {
      const double shift = of.seed_sd == 0 ? 0 : of.seed_sd * random.normal();
      for (const double effect : of_subject) a.push_back(truth + effect + shift + of.noise * random.normal());
    }
    const std::vector<double> b(a.size(), 0.0);
    const PairedDifference d = paired_difference({a, of.seeds, of.subjects}, {b, of.seeds, of.subjects}, 400,
                                                 static_cast<std::uint64_t>(study));
    covered += d.low <= truth && truth <= d.high;
  }
  const double share = static_cast<double>(covered) / static_cast<double>(studies);
  MESSAGE("coverage ", share);
  return share;
}

}  // namespace

TEST_CASE("paired difference: a 95 % interval covers the true difference in 93 to 97 % of simulated studies") {
  const double share = coverage({}, 2000);
  CHECK(share >= 0.93);
  CHECK(share <= 0.97);
}

TEST_CASE("paired difference: where seeds shift all subjects, an interval of few seeds covers less, as the page says") {
  const double five = coverage({.seeds = 5, .subjects = 62, .seed_sd = 0.8}, 1000);
  const double three = coverage({.seeds = 3, .subjects = 62, .seed_sd = 0.8}, 1000);
  CHECK(std::abs(five - 0.89) <= 0.02);
  CHECK(std::abs(three - 0.85) <= 0.02);
}

TEST_CASE("paired difference: mean and interval are those of SciPy's bootstrap of the subjects, for one seed") {
  // y = [23.5, 31.2, 44.8, 52.1, 67.9, 71.3, 18.4, 36.6], p = [27.1, 30.4, 41.2, 55.9, 61.0, 66.2, 24.9, 35.1],
  // q = p + [1.5, -2, 3, 0.5, -1, 2.5, -0.7, 1.1]; d = |y - p| - |y - q|
  // scipy.stats.bootstrap((d,), np.mean, n_resamples=200000, method="percentile", rng=np.random.default_rng(0))
  const std::vector<double> a = {3.6, 0.8, 3.6, 3.8, 6.9, 5.1, 6.5, 1.5}, b = {5.1, 2.8, 0.6, 4.3, 7.9, 2.6, 5.8, 0.4};
  const PairedDifference d = paired_difference({a, 1, 8}, {b, 1, 8}, 200000);
  CHECK(d.mean == doctest::Approx(0.2875));
  CHECK(std::abs(d.low - -0.875) < 0.0126);  // the sums are multiples of 0.1 / 8: one step
  CHECK(std::abs(d.high - 1.5) < 0.0126);
}

TEST_CASE("paired difference: subjects that a seed does not test are left out, and nothing in common is refused") {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> a = {2, none, 5, none, 7, 1}, b = {1, none, 3, none, 4, none};
  const PairedDifference d = paired_difference({a, 2, 3}, {b, 2, 3}, 500);
  CHECK(d.mean == 2);  // (1 + 2 + 3) / 3
  CHECK(d.low >= 1);
  CHECK(d.high <= 3);
  CHECK_THROWS_AS(paired_difference({std::vector<double>{1, none}, 1, 2}, {std::vector<double>{none, 1}, 1, 2}), Error);
}

TEST_CASE("paired difference: the interval covers at least 93 % where each seed tests another fifth of the subjects") {
  // Resampling seeds and subjects is cautious where few pairs exist (Owen 2007, "The pigeonhole bootstrap"): 97 %.
  constexpr Index seeds = 10, subjects = 100, tested = 20, studies = 1000;
  constexpr double truth = -0.4;
  Random random({.seed = 12});
  Index covered = 0;
  for (Index study = 0; study < studies; ++study) {
    std::vector<double> a(seeds * subjects, std::numeric_limits<double>::quiet_NaN()), b(seeds * subjects, 0.0), effect;
    for (Index i = 0; i < subjects; ++i) effect.push_back(2 * random.normal());
    for (Index s = 0; s < seeds; ++s) {
      const std::vector<Index> order = random.permutation(subjects);
      for (Index k = 0; k < tested; ++k) {
        const auto i = static_cast<std::size_t>(order[static_cast<std::size_t>(k)]);
        a[static_cast<std::size_t>(s * subjects) + i] = truth + effect[i] + 0.5 * random.normal();
      }
    }
    const PairedDifference d =
        paired_difference({a, seeds, subjects}, {b, seeds, subjects}, 400, static_cast<std::uint64_t>(study));
    covered += d.low <= truth && truth <= d.high;
  }
  const double share = static_cast<double>(covered) / studies;
  MESSAGE("coverage ", share);
  CHECK(share >= 0.93);
}

TEST_CASE("Holm: the values that R's p.adjust(method = \"holm\") gives") {
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.005};
  const std::vector<double> want = {0.03, 0.06, 0.06, 0.02};
  const std::vector<double> got = holm(p);
  for (std::size_t k = 0; k < p.size(); ++k) CHECK(got[k] == doctest::Approx(want[k]));
  // statsmodels.stats.multitest.multipletests(p, method="holm")[1], statsmodels 0.15.0
  const std::vector<double> five = holm(std::vector<double>{0.01, 0.04, 0.03, 0.005, 0.3});
  const std::vector<double> of_five = {0.04, 0.09, 0.09, 0.025, 0.3};
  for (std::size_t k = 0; k < five.size(); ++k) CHECK(five[k] == doctest::Approx(of_five[k]));
  CHECK(holm(std::vector<double>{0.7, 0.9}) == std::vector<double>{1, 1});
  CHECK(holm({}).empty());
}
