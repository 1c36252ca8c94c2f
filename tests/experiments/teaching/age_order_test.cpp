// SPDX-License-Identifier: Apache-2.0
#include "experiments/teaching/age_order.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "experiments/teaching/loss_example.h"

using namespace cg;

namespace {

/// Two-dimensional embeddings at these angles (radians).
LossCase on_circle(const std::vector<double>& ages, const std::vector<double>& angles) {
  LossCase c;
  c.ages = ages;
  for (const double a : angles) c.z.insert(c.z.end(), {std::cos(a), std::sin(a)});
  return c;
}

}  // namespace

TEST_CASE("Order by age: 1 where distance grows with the difference in age, wherever the embeddings are") {
  const std::vector<double> ages = {20, 21, 24, 30, 60};
  for (const double turn : {0.0, 2.0})
    for (const double direction : {1.0, -1.0}) {
      std::vector<double> angles;
      for (const double age : ages) angles.push_back(turn + direction * age / 50);
      CHECK(order_by_age(on_circle(ages, angles), 0, 100) == doctest::Approx(1));
    }
}

TEST_CASE("Order by age: negative where rows of near age are far apart; only ages from and to count") {
  const LossCase c = on_circle({20, 21, 30, 70}, {0, 2, 0.3, 1});
  // Differences 1, 10, 9 and distances of 2, 0.3, 1.7 radians: ranks 1, 3, 2 and 3, 1, 2.
  CHECK(order_by_age(c, 0, 50) == doctest::Approx(-1));
  CHECK(order_by_age(c, 20, 70) == doctest::Approx(order_by_age(on_circle({21, 30, 70}, {2, 0.3, 1}), 0, 100)));
}

TEST_CASE("Order by age: two views of a subject are no pair; too few differences give no number") {
  CHECK(order_by_age(on_circle({20, 25, 32, 20, 25, 32}, {0, 0.5, 1.2, 0.1, 0.6, 1.3}), 0, 100) > 0.9);
  CHECK(std::isnan(order_by_age(on_circle({20, 25, 20, 25}, {0, 0.5, 0.1, 0.9}), 0, 100)));
  CHECK(std::isnan(order_by_age(on_circle({20, 25}, {0, 1}), 0, 100)));
  CHECK(std::isnan(order_by_age(on_circle({20, 25}, {0, 1}), 50, 100)));
}

TEST_CASE("Largest gap: its middle separates two groups") {
  CHECK(largest_gap(std::vector<double>{60, 18, 35, 88, 70}) == 47.5);
  CHECK(largest_gap(std::vector<double>{33}) == 33);
}

TEST_CASE("Examples: crowded embeddings are near the common direction, the more the smaller the spread") {
  const std::vector<double> ages(50, 30);
  double before = 2;
  for (const double spread : {10.0, 1.0, 0.3}) {
    const LossCase c = make_example({}, ages, {.width = 3, .spread = spread, .seed = 1});
    double apart = 0;  // mean of 1 − z_1
    for (std::size_t k = 0; k < c.z.size(); k += 3) {
      CHECK(std::hypot(c.z[k], c.z[k + 1], c.z[k + 2]) == doctest::Approx(1));
      apart += (1 - c.z[k]) / 50;
    }
    CHECK(apart < before);
    before = apart;
  }
  CHECK(before < 0.15);
}
