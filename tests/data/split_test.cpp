// SPDX-License-Identifier: Apache-2.0
// The split: exactly the published folds, and properties of all splits.
#include "data/split.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "tests/support/golden_reader.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("split_folds: all golden test parts are equal, for all sizes and seeds of the file") {
  const GoldenFile golden("split.h5");
  const auto groups = golden.groups();
  REQUIRE_FALSE(groups.empty());
  for (const std::string& group : groups) {
    CAPTURE(group);
    int n = 0;
    unsigned seed = 0;
    REQUIRE(std::sscanf(group.c_str(), "n%d_seed%u", &n, &seed) == 2);
    for (Index fold = 0; fold < 5; ++fold) {
      CAPTURE(fold);
      auto expected = golden.numbers(fmt::format("{}/test_{}", group, fold));
      std::sort(expected.begin(), expected.end());  // the split promises ascending numbers
      const Split split = split_folds(n, 5, fold, seed);
      CHECK(std::vector<double>(split.test.begin(), split.test.end()) == expected);
    }
  }
}

TEST_CASE("split_folds: each subject is in exactly one test part and in the training parts of all others") {
  for (const Index n : {5, 7, 23, 311})
    for (const Index folds : {2, 3, 5}) {
      CAPTURE(n);
      CAPTURE(folds);
      std::vector<int> tested(static_cast<std::size_t>(n)), trained(static_cast<std::size_t>(n));
      for (Index fold = 0; fold < folds; ++fold) {
        const Split split = split_folds(n, folds, fold, 9);
        CHECK(static_cast<Index>(split.test.size()) == n / folds + (fold < n % folds));
        CHECK(std::is_sorted(split.test.begin(), split.test.end()));
        CHECK(std::is_sorted(split.train.begin(), split.train.end()));
        for (const Index i : split.test) ++tested.at(static_cast<std::size_t>(i));
        for (const Index i : split.train) ++trained.at(static_cast<std::size_t>(i));
      }
      for (const int times : tested) REQUIRE(times == 1);
      for (const int times : trained) REQUIRE(times == folds - 1);
    }
}

TEST_CASE("split_folds: the seed decides the parts") {
  CHECK(split_folds(40, 5, 0, 1).test == split_folds(40, 5, 0, 1).test);
  CHECK(split_folds(40, 5, 0, 1).test != split_folds(40, 5, 0, 2).test);
}

TEST_CASE("split_folds: n folds of n subjects leave out one subject each") {
  const Split split = split_folds(4, 4, 3, 0);
  CHECK(split.test.size() == 1);
  CHECK(split.train.size() == 3);
}

TEST_CASE("split_folds: impossible folds are usage errors") {
  check_fails([] { split_folds(4, 5, 0, 0); }, ErrorKind::usage, {"5", "4 subjects"});
  check_fails([] { split_folds(40, 1, 0, 0); }, ErrorKind::usage, {"fold 0 of 1"});
  check_fails([] { split_folds(40, 5, 5, 0); }, ErrorKind::usage, {"fold 5 of 5"});
  check_fails([] { split_folds(40, 5, -1, 0); }, ErrorKind::usage, {"fold -1 of 5"});
  check_fails([] { split_folds(0, 5, 0, 0); }, ErrorKind::usage, {"0 subjects"});
}
