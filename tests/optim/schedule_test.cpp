// SPDX-License-Identifier: Apache-2.0
#include "optim/schedule.h"

#include <doctest/doctest.h>

using namespace cg;

TEST_CASE("Schedule: the published step decay, first at epoch 11") {
  const Schedule schedule{.initial = 1e-4, .factor = 0.9, .every = 10};
  CHECK(schedule.rate(1) == 1e-4);
  CHECK(schedule.rate(10) == 1e-4);
  CHECK(schedule.rate(11) == doctest::Approx(0.9e-4).epsilon(1e-15));
  CHECK(schedule.rate(20) == schedule.rate(11));
  CHECK(schedule.rate(21) == doctest::Approx(0.81e-4).epsilon(1e-15));
  CHECK(schedule.rate(50) == doctest::Approx(1e-4 * 0.9 * 0.9 * 0.9 * 0.9).epsilon(1e-15));
}

TEST_CASE("Schedule: the rate never rises") {
  const Schedule schedule{.initial = 3e-3, .factor = 0.5, .every = 3};
  for (Index epoch = 1; epoch < 40; ++epoch) CHECK(schedule.rate(epoch + 1) <= schedule.rate(epoch));
}
