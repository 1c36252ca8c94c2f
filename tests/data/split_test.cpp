// SPDX-License-Identifier: Apache-2.0
// The split: exactly the published folds, and properties of all splits.
#include "data/split.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "tests/support/golden_reader.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Subjects without maps.
class Listed final : public Dataset {
 public:
  std::vector<Subject> subjects;
  Index size() const override { return static_cast<Index>(subjects.size()); }
  const Subject& subject(Index i) const override { return subjects.at(static_cast<std::size_t>(i)); }
  Shape volume_shape() const override { return {1, 1, 1}; }
  Volume volume(Index) const override { return {}; }
};

/// 40 persons of two studies, 20 to 98 years old in mixed order; every fourth has a second scan.
Listed listed() {
  Listed out;
  for (int i = 0; i < 40; ++i) {
    const std::string person = fmt::format("p{:02}", i), study = i % 4 < 2 ? "a" : "b";
    const double age = 20 + 2 * ((i * 17) % 40);
    out.subjects.push_back({person + "_ses-1", age, "", study, person});
    if (i % 4 == 0) out.subjects.push_back({person + "_ses-2", age + 1, "", study, person});
  }
  return out;
}

/// The ids of a part.
std::set<std::string> ids(const Dataset& dataset, const std::vector<Index>& part) {
  std::set<std::string> out;
  for (const Index i : part) out.insert(dataset.subject(i).id);
  return out;
}

}  // namespace

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

TEST_CASE("split_persons: each person is in exactly one test part with all scans, whatever the order of the subjects") {
  const Listed people = listed();
  Listed turned = people;
  std::ranges::reverse(turned.subjects);
  for (const Strata strata : {Strata{}, Strata{.age = true}, Strata{.age = true, .study = true}}) {
    std::set<std::string> tested;
    for (Index fold = 0; fold < 4; ++fold) {
      const Split split = split_persons(people, 4, fold, 3, strata);
      check_persons(split, people);
      CHECK(split.train.size() + split.test.size() == people.subjects.size());
      CHECK(ids(turned, split_persons(turned, 4, fold, 3, strata).test) == ids(people, split.test));
      for (const std::string& id : ids(people, split.test)) CHECK(tested.insert(id).second);
    }
    CHECK(tested.size() == people.subjects.size());
    CHECK(split_persons(people, 4, 0, 3, strata).test != split_persons(people, 4, 0, 4, strata).test);
  }
  check_fails([&] { split_persons(people, 41, 0, 3, {}); }, ErrorKind::usage, {"41 folds", "40 persons"});
}

TEST_CASE("split_persons: with strata every fold has one of four neighbours in age, in each study") {
  const Listed people = listed();
  for (Index fold = 0; fold < 4; ++fold) {
    const Split split = split_persons(people, 4, fold, 3, {.age = true, .study = true});
    for (const char* study : {"a", "b"}) {
      std::set<std::string> persons;
      int young = 0;
      for (const Index i : split.test)
        if (people.subject(i).study == study && persons.insert(people.subject(i).person).second)
          young += people.subject(i).age < 60;
      CHECK(persons.size() == 5);
      CHECK(young >= 2);
      CHECK(young <= 3);
    }
  }
}

TEST_CASE("hold_out_validation: moves a share of the persons with all their scans, in equal shares of age") {
  const Listed people = listed();
  for (const Strata strata : {Strata{}, Strata{.age = true}}) {
    Split split = split_persons(people, 4, 1, 3, {});
    const Split before = split;
    hold_out_validation(split, people, 0.2, 3, strata);
    check_persons(split, people);
    std::set<std::string> persons;
    int young = 0;
    for (const Index i : split.validation)
      if (persons.insert(people.subject(i).person).second) young += people.subject(i).age < 60;
    CHECK(persons.size() == 6);  // of 30
    if (strata.age) CHECK(std::abs(young - 3) <= 1);
    CHECK(split.test == before.test);
    std::vector<Index> both = split.train;
    both.insert(both.end(), split.validation.begin(), split.validation.end());
    std::ranges::sort(both);
    CHECK(both == before.train);
    Split other = before;
    hold_out_validation(other, people, 0.2, 4, strata);
    CHECK(other.validation != split.validation);
  }
  Split split = split_persons(people, 4, 1, 3, {});
  check_fails([&] { hold_out_validation(split, people, 0.01, 3, {}); }, ErrorKind::usage, {"0 of the 30 persons"});
}

TEST_CASE("split_by_values and split_by_ids: the named subjects are the test part, and unknown names are refused") {
  const std::vector<std::string> values = {"train", "test", "val", "train", "test"};
  const Split split = split_by_values(values, {"test"}, {"val"});
  CHECK(split.train == std::vector<Index>{0, 3});
  CHECK(split.validation == std::vector<Index>{2});
  CHECK(split.test == std::vector<Index>{1, 4});
  check_fails([&] { split_by_values(values, {"tset"}, {}); }, ErrorKind::usage, {"data.test_values", "tset"});
  check_fails([&] { split_by_values(values, {"test"}, {"x"}); }, ErrorKind::usage, {"data.validation_values", "x"});
  check_fails(
      [&] {
        split_by_values({"test", "test"}, {"test"}, {});
      },
      ErrorKind::usage, {"the training part has 0 subjects"});
  const Listed people = listed();
  const Split named = split_by_ids(people, {"p03_ses-1", "p01_ses-1"});
  CHECK(ids(people, named.test) == std::set<std::string>{"p01_ses-1", "p03_ses-1"});
  CHECK(named.train.size() == people.subjects.size() - 2);
  CHECK(std::ranges::is_sorted(named.test));
  check_fails([&] { split_by_ids(people, {"p99"}); }, ErrorKind::usage, {"p99"});
  check_fails([&] { split_by_ids(people, {"p01_ses-1", "p01_ses-1"}); }, ErrorKind::usage, {"listed twice"});
}

TEST_CASE("check_persons: two scans of a person in two parts are refused, with both ids") {
  const Listed people = listed();
  check_fails([&] { check_persons(split_by_ids(people, {"p04_ses-2"}), people); }, ErrorKind::usage,
              {"p04_ses-1", "p04_ses-2", "data.split"});
}
