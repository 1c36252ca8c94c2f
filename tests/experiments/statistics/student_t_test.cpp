// SPDX-License-Identifier: Apache-2.0
// Student's t distribution: the values of SciPy 1.17.1,
//   2 * scipy.stats.t.sf(abs(t), freedom)   and   scipy.stats.t.ppf(0.975, freedom)
#include "experiments/statistics/student_t.h"

#include <doctest/doctest.h>

using namespace cg;

TEST_CASE("Student's t: two-sided p as SciPy gives it, on both sides and in the tails") {
  const auto check = [](double t, double freedom, double want) {
    CAPTURE(t);
    CHECK(two_sided_p(t, freedom) == doctest::Approx(want).epsilon(1e-12));
  };
  check(2.0, 4, 0.11611652351681556);
  check(0.5, 1, 0.7048327646991335);
  check(-3.2, 9, 0.010831302589901321);
  check(12.0, 3, 0.0012450158007893362);
  check(1.0, 29, 0.32558198801619365);
  check(0.01, 1000, 0.9920232819321873);
  CHECK(two_sided_p(0, 5) == 1);
}

TEST_CASE("Student's t: the 97.5 % point as SciPy gives it") {
  const auto check = [](double freedom, double want) {
    CAPTURE(freedom);
    CHECK(t_quantile(0.95, freedom) == doctest::Approx(want).epsilon(1e-12));
  };
  check(1, 12.706204736174694);
  check(2, 4.302652729749462);
  check(4, 2.7764451051977934);
  check(9, 2.262157162798205);
  check(24, 2.0638985616280245);
  check(149, 1.976013177689192);
}
