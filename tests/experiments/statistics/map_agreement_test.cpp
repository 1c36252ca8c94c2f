// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/map_agreement.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace cg;

TEST_CASE("Map agreement: the rank correlation knows order alone, and equal values share a rank") {
  const std::vector<float> a = {1, 2, 3, 4}, squares = {1, 4, 9, 16}, falling = {8, 7, 1, 0};
  CHECK(rank_correlation(a, squares) == doctest::Approx(1));
  CHECK(rank_correlation(a, falling) == doctest::Approx(-1));
  // Ranks 1, 2.5, 2.5, 4, 5 and 4, 1, 2.5, 2.5, 5: 2.75 / 9.5.
  CHECK(rank_correlation(std::vector<float>{1, 2, 2, 4, 5}, std::vector<float>{3, 1, 2, 2, 9}) ==
        doctest::Approx(2.75 / 9.5));
  CHECK(std::isnan(rank_correlation(a, std::vector<float>(4, 1.0f))));
}

TEST_CASE("Map agreement: a region is found when its voxels are the highest") {
  const std::vector<std::uint8_t> region = {1, 1, 0, 0, 0};
  const Detection all = detection(std::vector<float>{5, 4, 3, 2, 1}, region);
  CHECK(all.auroc == 1);
  CHECK(all.dice == 1);
  CHECK(all.share == doctest::Approx(0.4));
  const Detection half = detection(std::vector<float>{5, 1, 3, 2, 4}, region);
  CHECK(half.auroc == doctest::Approx(3.0 / 6));  // pairs: 5 beats three, 1 beats none
  CHECK(half.dice == doctest::Approx(0.5));
  CHECK(detection(std::vector<float>(5, 1.0f), region).auroc == doctest::Approx(0.5));
  CHECK(std::isnan(detection(std::vector<float>(5, 1.0f), std::vector<std::uint8_t>(5, 0)).auroc));
}
