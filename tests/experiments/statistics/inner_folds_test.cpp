// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/inner_folds.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace cg;

namespace {

/// Ages and one feature, twice the age.
SubjectRows subjects(const std::vector<double>& ages) {
  SubjectRows out{{}, ages, 1};
  for (const double age : ages) out.values.push_back(2 * age);
  return out;
}

}  // namespace

TEST_CASE("inner folds: contiguous ones are scikit-learn's, the first n mod 5 one longer") {
  const SubjectRows s = subjects({61, 30, 45, 22, 80, 33, 51, 29, 70, 66, 41, 24});
  const FoldedRows f = fold_rows(s.rows(), s.ages, InnerFolds::contiguous, 3);
  CHECK(f.fold == std::vector<Index>{0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4});
  CHECK(f.all.ages == s.ages);
  CHECK(f.inside(1).ages == std::vector<double>{22, 80, 33});
  CHECK(f.outside(0).ages == std::vector<double>{22, 80, 33, 51, 29, 70, 66, 41, 24});
  CHECK(f.outside(0).values[1] == 160);
}

TEST_CASE("inner folds: stratified ones have one of every five neighbours in age, and differ by at most one row") {
  std::vector<double> ages;
  for (int i = 0; i < 43; ++i) ages.push_back(20 + (i * 29) % 43);
  const SubjectRows s = subjects(ages);
  const FoldedRows f = fold_rows(s.rows(), s.ages, InnerFolds::stratified, 3);
  CHECK(std::ranges::is_sorted(f.all.ages));
  for (std::size_t i = 0; i < 43; ++i) {
    CHECK(f.all.ages[i] == ages[static_cast<std::size_t>(f.order[i])]);
    CHECK(f.all.values[i] == 2 * f.all.ages[i]);
  }
  for (std::size_t start = 0; start < 40; start += 5) {
    std::vector<Index> five(f.fold.begin() + static_cast<std::ptrdiff_t>(start),
                            f.fold.begin() + static_cast<std::ptrdiff_t>(start + 5));
    std::ranges::sort(five);
    CHECK(five == std::vector<Index>{0, 1, 2, 3, 4});
  }
  for (Index k = 0; k < inner_fold_count; ++k) {
    const auto size = std::ranges::count(f.fold, k);
    CHECK((size == 8 || size == 9));
  }
  CHECK(f.fold != fold_rows(s.rows(), s.ages, InnerFolds::stratified, 4).fold);
}
