// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/metrics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace cg;

namespace {
const std::vector<double> ages{20, 30, 40, 70}, predicted{22, 27, 41, 66};
}

TEST_CASE("Metrics: by hand") {
  const Metrics m = measure(ages, predicted);
  CHECK(m.mae == 2.5);                                               // (2 + 3 + 1 + 4) / 4
  CHECK(m.rmse == doctest::Approx(std::sqrt(7.5)));                  // (4 + 9 + 1 + 16) / 4
  CHECK(m.r2 == doctest::Approx(1 - 30.0 / 1400));                   // Σ(age − 40)² = 1400
  CHECK(m.r == doctest::Approx(1270.0 / std::sqrt(1400 * 1166.0)));  // Σ(pred − 39)² = 1166, Σ both = 1270
}

TEST_CASE("Metrics: the values of SciPy 1.17.1, scikit-learn 1.9.1 and NumPy") {
  const std::vector<double> y{23.5, 31.2, 44.8, 52.1, 67.9, 71.3, 18.4, 36.6},
      p{27.1, 30.4, 41.2, 55.9, 61.0, 66.2, 24.9, 35.1};
  const Metrics m = measure(y, p);
  CHECK(m.mae == doctest::Approx(3.975).epsilon(1e-12));                           // mean_absolute_error(y, p)
  CHECK(m.rmse == doctest::Approx(4.459820624195551).epsilon(1e-12));              // root_mean_squared_error(y, p)
  CHECK(m.r2 == doctest::Approx(0.9404525560830117).epsilon(1e-12));               // r2_score(y, p)
  CHECK(m.r == doctest::Approx(0.9823207168955221).epsilon(1e-12));                // scipy.stats.pearsonr(y, p)[0]
  CHECK(gap_slope(y, p) == doctest::Approx(-0.18644128053948966).epsilon(1e-12));  // linregress(y, p - y).slope
  const MeanSd of = mean_sd(std::vector<double>{3.81, 4.02, 3.55, 4.4, 3.9});
  CHECK(of.mean == doctest::Approx(3.936).epsilon(1e-12));
  CHECK(of.sd == doctest::Approx(0.31165686259089515).epsilon(1e-12));  // numpy.std(…, ddof=1)
  CHECK(std::isnan(gap_slope(std::vector<double>{40, 40}, std::vector<double>{41, 39})));
}

TEST_CASE("Metrics: R² follows scikit-learn where all ages are equal, and Pearson's r is not a number") {
  const std::vector<double> same{40, 40}, other{40, 41};
  CHECK(r_squared(same, same) == 1);
  CHECK(r_squared(same, other) == 0);
  CHECK(std::isnan(pearson_r(same, other)));
  CHECK(std::isnan(pearson_r(other, same)));
}

TEST_CASE("Metrics: the standard deviation over seeds is the sample's, and one seed has none") {
  const std::vector<double> three{1, 2, 4};
  CHECK(mean_sd(three).mean == doctest::Approx(7.0 / 3));
  CHECK(mean_sd(three).sd == doctest::Approx(std::sqrt(7.0 / 3)));
  CHECK(mean_sd(std::vector<double>{5}).mean == 5);
  CHECK(std::isnan(mean_sd(std::vector<double>{5}).sd));
}

TEST_CASE("Metrics: the baseline predicts the mean training age") {
  const Metrics m = baseline(std::vector<double>{20, 40}, ages);
  CHECK(m.mae == 15);  // against 30: 10, 0, 10, 40
  CHECK(m.r2 == doctest::Approx(1 - 1800.0 / 1400));
  CHECK(std::isnan(m.r));
}
