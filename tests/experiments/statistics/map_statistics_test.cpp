// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/map_statistics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace cg;

TEST_CASE("Map statistics: brightness of the data, share of the brain they cover, share that lies elsewhere") {
  const std::vector<float> occupancy = {1, 0.5f, 0.5f, 0.4f, 0, 0};  // the brain: the first three
  const std::vector<float> map = {1, 0, 3, 5, 7, 0};
  const MapStatistics s = map_statistics(map, occupancy);
  CHECK(s.mean == 4);
  CHECK(s.sd == doctest::Approx(std::sqrt(5.0)));
  CHECK(s.coverage == doctest::Approx(2.0 / 3));
  CHECK(s.outside == 0.25);
  const MapStatistics nothing = map_statistics(std::vector<float>(6, 0.0f), occupancy);
  CHECK(nothing.coverage == 0);
  CHECK(nothing.mean == 0);
}

TEST_CASE("Map statistics: the spread of a quantity over maps") {
  const Spread s = spread_of(std::vector<double>{1, 3, 8});
  CHECK(s.mean == 4);
  CHECK(s.sd == doctest::Approx(std::sqrt(26.0 / 3)));
  CHECK(s.least == 1);
  CHECK(s.most == 8);
}
