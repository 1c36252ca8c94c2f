// SPDX-License-Identifier: Apache-2.0
// The order of an epoch's subjects: all of them, or all studies in equal shares.
#include "data/subject_order.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tensor/error.h"

using namespace cg;

namespace {

/// Subject i belongs to study `studies[i]`.
class Studies final : public Dataset {
 public:
  explicit Studies(const std::vector<std::string>& studies) {
    for (const std::string& study : studies) subjects_.push_back({.id = "", .age = 40, .sex = "", .study = study});
  }
  Index size() const override { return static_cast<Index>(subjects_.size()); }
  const Subject& subject(Index i) const override { return subjects_.at(static_cast<std::size_t>(i)); }
  Shape volume_shape() const override { return {1, 1, 1}; }
  Volume volume(Index) const override { return {{1, 1, 1}, {0}}; }

 private:
  std::vector<Subject> subjects_;
};

/// 60 subjects of a large study, 10 of a second one, 2 of a third one, 1 without a study.
Studies uneven() {
  std::vector<std::string> studies(60, "large");
  studies.insert(studies.end(), 10, "middle");
  studies.insert(studies.end(), 2, "small");
  studies.emplace_back();
  return Studies(studies);
}

std::vector<Index> all(const Dataset& dataset) {
  std::vector<Index> out;
  for (Index i = 0; i < dataset.size(); ++i) out.push_back(i);
  return out;
}

std::vector<Index> order(const Dataset& dataset, SubjectOrder order, std::uint64_t seed) {
  Random random({.seed = seed, .epoch = 1, .use = Use::shuffle});
  return epoch_order(all(dataset), dataset, order, random);
}

}  // namespace

TEST_CASE("Shuffled order: each subject once, a different order for each seed") {
  const Studies studies = uneven();
  auto first = order(studies, SubjectOrder::shuffled, 1);
  CHECK(first == order(studies, SubjectOrder::shuffled, 1));
  CHECK(first != order(studies, SubjectOrder::shuffled, 2));
  std::ranges::sort(first);
  CHECK(first == all(studies));
}

TEST_CASE("Study-balanced order: as many draws as subjects, and the numbers per study differ by at most one") {
  const Studies studies = uneven();
  const auto drawn = order(studies, SubjectOrder::study_balanced, 1);
  CHECK(drawn.size() == 73);
  CHECK(drawn == order(studies, SubjectOrder::study_balanced, 1));
  CHECK(drawn != order(studies, SubjectOrder::study_balanced, 2));
  std::map<std::string, Index> times;
  for (const Index i : drawn) ++times[studies.subject(i).study];
  CHECK(times.size() == 4);
  for (const auto& [study, n] : times) {
    CAPTURE(study);
    CHECK(n >= 18);
    CHECK(n <= 19);
  }
}

TEST_CASE("Study-balanced order: within a study no subject is drawn twice before all were drawn once") {
  const Studies studies = uneven();
  std::map<std::string, std::vector<Index>> by_study;
  for (const Index i : order(studies, SubjectOrder::study_balanced, 3)) by_study[studies.subject(i).study].push_back(i);
  const std::set<Index> middle(by_study["middle"].begin(), by_study["middle"].begin() + 10);
  CHECK(middle.size() == 10);
  const std::set<Index> large(by_study["large"].begin(), by_study["large"].end());
  CHECK(large.size() == by_study["large"].size());
}

TEST_CASE("Study-balanced order: only subjects of the training part are drawn") {
  const Studies studies = uneven();
  Random random({.seed = 1, .epoch = 1, .use = Use::shuffle});
  const std::vector<Index> part = {0, 5, 61, 70};
  for (const Index i : epoch_order(part, studies, SubjectOrder::study_balanced, random))
    CHECK(std::ranges::count(part, i) == 1);
}
