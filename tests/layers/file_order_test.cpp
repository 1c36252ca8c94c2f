// SPDX-License-Identifier: Apache-2.0
#include "layers/file_order.h"

#include <doctest/doctest.h>

#include <numeric>

using namespace cg;

TEST_CASE("file order: an engine's [O, kD, kH, kW, I] becomes [O, I, kD, kH, kW], and comes back") {
  const Shape shape = {2, 3, 1, 2, 4};  // O 2, kernel 3 × 1 × 2, I 4
  CHECK(file_shape(shape) == Shape{2, 4, 3, 1, 2});
  std::vector<double> engine(48);
  std::iota(engine.begin(), engine.end(), 0.0);
  const auto file = to_file_order(shape, engine);
  for (std::size_t o = 0; o < 2; ++o)
    for (std::size_t tap = 0; tap < 6; ++tap)
      for (std::size_t i = 0; i < 4; ++i) CHECK(file[(o * 4 + i) * 6 + tap] == engine[(o * 6 + tap) * 4 + i]);
  CHECK(from_file_order(shape, file) == engine);
}

TEST_CASE("file order: matrices and vectors are unchanged") {
  CHECK(file_shape({3, 2}) == Shape{3, 2});
  CHECK(to_file_order({3, 2}, {1, 2, 3, 4, 5, 6}) == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(from_file_order({2}, std::vector<float>{1, 2}) == std::vector<float>{1, 2});
}
