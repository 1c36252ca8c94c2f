// SPDX-License-Identifier: Apache-2.0
#include "tensor/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace cg;

TEST_CASE("Philox: the published words for a counter and key of zero") {
  const auto words = philox({0, 0, 0, 0}, {0, 0});
  CHECK(words == std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
}

TEST_CASE("Random: a stream depends on every part of its key") {
  const Key key{.seed = 5, .epoch = 2, .sample = 7, .use = Use::noise};
  const double first = Random(key).uniform();
  CHECK(Random(key).uniform() == first);
  Key other = key;
  SUBCASE("seed, low half") { other.seed = 6; }
  SUBCASE("seed, high half") { other.seed += std::uint64_t{1} << 40; }
  SUBCASE("epoch") { other.epoch = 3; }
  SUBCASE("sample") { other.sample = 8; }
  SUBCASE("view") { other.view = 1; }
  SUBCASE("use") { other.use = Use::flip; }
  CHECK(Random(other).uniform() != first);
}

TEST_CASE("Random: normals have mean 0 and standard deviation 1") {
  Random random({.seed = 1});
  double sum = 0, squares = 0;
  const int n = 20000;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  CHECK(std::abs(sum / n) < 0.03);  // four standard errors
  CHECK(std::abs(squares / n - 1) < 0.04);
}

TEST_CASE("Random: a block of words is a whole one, and what follows comes from the next") {
  Random singly({.seed = 3}), blocks({.seed = 3}), later({.seed = 3});
  const auto first = blocks.words(), second = blocks.words();
  CHECK(first != second);
  later.uniform();  // leaves three words of the first block unused
  CHECK(later.words() == second);
  for (int k = 0; k < 8; ++k) singly.uniform();
  CHECK(later.uniform() == singly.uniform());
}

TEST_CASE("Random: many blocks are those drawn singly, from wherever the stream is, and so is what follows") {
  const Key key{.seed = 0x123456789abcdef, .epoch = 7, .sample = 11, .view = 1, .use = Use::noise};
  for (int before = 0; before < 6; ++before) {
    Random singly(key), many(key);
    for (int k = 0; k < before; ++k) CHECK(singly.uniform() == many.uniform());
    const Blocks blocks = many.blocks();
    for (std::size_t k = 0; k < blocks[0].size(); ++k)
      CHECK(singly.words() == std::array{blocks[0][k], blocks[1][k], blocks[2][k], blocks[3][k]});
    CHECK(singly.uniform() == many.uniform());
  }
}

TEST_CASE("Random: a permutation holds every index once, and differs between epochs") {
  auto order = Random({.seed = 1, .epoch = 1, .use = Use::shuffle}).permutation(50);
  CHECK(order != Random({.seed = 1, .epoch = 2, .use = Use::shuffle}).permutation(50));
  std::sort(order.begin(), order.end());
  for (Index i = 0; i < 50; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
}
