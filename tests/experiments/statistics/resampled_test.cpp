// SPDX-License-Identifier: Apache-2.0
// The corrected variance for divisions that share subjects: values by NumPy and SciPy, and coverage.
#include "experiments/statistics/resampled.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "tensor/error.h"
#include "tensor/random.h"

using namespace cg;

TEST_CASE("resampled difference: interval and p of Nadeau and Bengio's formula, computed with NumPy and SciPy") {
  // d = np.array([-0.31, 0.12, -0.44, -0.08, -0.27]); se = np.sqrt((1/5 + 62/249) * d.var(ddof=1))
  // d.mean() ± scipy.stats.t.ppf(0.975, 4) * se; 2 * scipy.stats.t.sf(abs(d.mean() / se), 4)
  std::vector<DivisionDifference> divisions;
  for (const double d : {-0.31, 0.12, -0.44, -0.08, -0.27}) divisions.push_back({d, 62, 249});
  const PairedDifference got = resampled_difference(divisions);
  CHECK(got.mean == doctest::Approx(-0.196).epsilon(1e-12));
  CHECK(got.low == doctest::Approx(-0.6028745352607225).epsilon(1e-12));
  CHECK(got.high == doctest::Approx(0.21087453526072258).epsilon(1e-12));
  CHECK(got.p == doctest::Approx(0.25205333724956497).epsilon(1e-12));
}

TEST_CASE("resampled difference: one division says nothing, equal ones leave no doubt, and none is refused") {
  const PairedDifference one = resampled_difference(std::vector<DivisionDifference>{{0.5, 10, 40}});
  CHECK(one.mean == 0.5);
  CHECK(std::isinf(one.high));
  CHECK(one.p == 1);
  const std::vector<DivisionDifference> equal(4, {0.5, 10, 40}), zero(4, {0, 10, 40});
  CHECK(resampled_difference(equal).p == 0);
  CHECK(resampled_difference(equal).low == 0.5);
  CHECK(resampled_difference(zero).p == 1);
  CHECK_THROWS_AS(resampled_difference({}), Error);
  CHECK_THROWS_AS(resampled_difference(std::vector<DivisionDifference>{{0.5, 10, 0}}), Error);
}

TEST_CASE("resampled difference: a 95 % interval covers the true difference in 93 to 97 % of simulated studies") {
  // The model of Nadeau & Bengio's correction: any two divisions have the correlation n_test / (n_test + n_train),
  // here from a part that all share. Without the correction 75 % are covered.
  constexpr Index studies = 20000, divisions = 10, test = 62, train = 249;
  constexpr double truth = 0.3, shared = static_cast<double>(test) / (test + train);
  Random random({.seed = 5});
  Index covered = 0, uncorrected = 0;
  for (Index study = 0; study < studies; ++study) {
    const double common = std::sqrt(shared) * random.normal();
    std::vector<DivisionDifference> found, independent;
    for (Index k = 0; k < divisions; ++k) {
      const double d = truth + common + std::sqrt(1 - shared) * random.normal();
      found.push_back({d, test, train});
      independent.push_back({d, 1, 1000000});  // as if nothing were shared
    }
    const PairedDifference corrected = resampled_difference(found), naive = resampled_difference(independent);
    covered += corrected.low <= truth && truth <= corrected.high;
    uncorrected += naive.low <= truth && truth <= naive.high;
  }
  const double share = static_cast<double>(covered) / studies, without = static_cast<double>(uncorrected) / studies;
  MESSAGE("coverage ", share, ", without the correction ", without);
  CHECK(share >= 0.93);
  CHECK(share <= 0.97);
  CHECK(without < 0.85);
}
