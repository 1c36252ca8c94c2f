// SPDX-License-Identifier: Apache-2.0
// The identity of a cohort: every value that training reads changes it, and nothing else does.
#include "experiments/training/cohort.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "tests/data/formats/raw_h5.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr std::size_t n = 12, voxels = 4 * 5 * 6;

/// A cohort file before it is written.
struct Content {
  std::vector<double> maps, ages, affine;
  std::vector<std::string> ids, studies;
  double voxel_mm = 2;
  std::string modality = "mre";
  double synthetic = 0;
  Storage storage = {};
  std::vector<std::string> sexes = {}, persons = {};

  Content() {
    for (std::size_t k = 0; k < n * voxels; ++k) maps.push_back(k % 5 ? static_cast<double>(k % 11) / 4 : 0);
    for (std::size_t i = 0; i < n; ++i) {
      ages.push_back(20.25 + static_cast<double>(i));
      ids.push_back("s" + std::to_string(i));
      studies.push_back(i % 2 ? "a" : "b");
    }
    affine = {2, 0, 0, -4, 0, 2, 0, -5, 0, 0, 2, -6, 0, 0, 0, 1};
  }

  void write(const std::string& path) const {
    RawFile raw(path);
    raw.numbers("maps", {n, 1, 4, 5, 6}, maps, storage);
    raw.numbers("age", {n}, ages);
    raw.numbers("affine", {4, 4}, affine);
    raw.texts("participant_id", ids);
    raw.texts("study", studies);
    if (!sexes.empty()) raw.texts("sex", sexes);
    if (!persons.empty()) raw.texts("person", persons);
    raw.attribute("voxel_mm", {voxel_mm});
    raw.attribute("synthetic", {synthetic});
    raw.text_attribute("modality", {modality});
  }

  std::string digest(NormaliseScope scope = NormaliseScope::subject) const {
    const TemporaryFile file("cohort.h5");
    write(file.path);
    DataOptions options;
    options.cohort = file.path;
    options.normalise = scope;
    return open_cohort(options, {}).digest;
  }
};

std::string changed(const std::function<void(Content&)>& change) {
  Content content;
  change(content);
  return content.digest();
}

}  // namespace

TEST_CASE("Cohort: every voxel, age, id, study and part of the grid changes the digest, however maps are normalised") {
  const std::string plain = Content().digest();
  CHECK(plain.size() == 64);
  for (const auto scope : {NormaliseScope::train, NormaliseScope::all}) CHECK(Content().digest(scope) == plain);
  std::set<std::string> all = {plain};
  const auto differs = [&](const std::function<void(Content&)>& change) { CHECK(all.insert(changed(change)).second); };
  for (std::size_t i = 0; i < n; ++i)
    for (const std::size_t voxel : {std::size_t{0}, std::size_t{1}, voxels - 1})  // of training and test subjects
      differs([&](Content& c) { c.maps[i * voxels + voxel] += 1e-3; });
  // Mean and SD of the maps stay: two voxels are exchanged, and two subjects.
  differs([](Content& c) { std::swap(c.maps[1], c.maps[2]); });
  differs([](Content& c) { std::swap_ranges(c.maps.begin(), c.maps.begin() + voxels, c.maps.begin() + 3 * voxels); });
  differs([](Content& c) { c.maps[0] = -c.maps[1]; });
  differs([](Content& c) { c.ages[7] = 27.250000001; });
  differs([](Content& c) { c.ids[11] = "s12"; });
  differs([](Content& c) { c.studies[2] = "c"; });
  differs([](Content& c) { std::swap(c.studies[2], c.studies[3]); });
  differs([](Content& c) {
    c.persons = c.ids;
    c.persons[3] = "p3";
  });
  differs([](Content& c) { c.voxel_mm = 2.01; });  // as far as the affine allows
  differs([](Content& c) { c.affine[3] = -4.5; });
  differs([](Content& c) { c.modality = "t1"; });
  differs([](Content& c) { c.synthetic = 1; });
}

TEST_CASE("Cohort: how a file stores its values, and columns that training does not read, do not change the digest") {
  const std::string plain = Content().digest();
  CHECK(changed([](Content& c) { c.storage = {.chunk = {1, 1, 4, 5, 6}, .gzip = 4}; }) == plain);
  CHECK(changed([](Content& c) { c.storage.type = H5T_NATIVE_FLOAT; }) == plain);
  CHECK(changed([](Content& c) { c.sexes = std::vector<std::string>(n, "F"); }) == plain);
}

TEST_CASE("Cohort: the order of the rows changes the published split, and its digest, but not that of the cohort") {
  const auto split_of_rows = [](const Content& content) {
    const TemporaryFile file("cohort.h5");
    content.write(file.path);
    DataOptions options;
    options.cohort = file.path;
    const Cohort cohort = open_cohort(options, {});
    return std::pair(cohort.digest, split_digest(*cohort.file, cohort.split));
  };
  Content reversed;
  for (auto* column : {&reversed.ids, &reversed.studies}) std::ranges::reverse(*column);
  std::ranges::reverse(reversed.ages);
  for (std::size_t i = 0; i < n / 2; ++i)
    std::swap_ranges(reversed.maps.begin() + i * voxels, reversed.maps.begin() + (i + 1) * voxels,
                     reversed.maps.begin() + (n - 1 - i) * voxels);
  const auto [cohort, split] = split_of_rows(Content());
  const auto [same_cohort, other_split] = split_of_rows(reversed);
  CHECK(same_cohort == cohort);
  CHECK(other_split != split);
}

TEST_CASE("Cohort: a subject that moves to the next part changes the split's digest, also if the order stays") {
  const TemporaryFile file("cohort.h5");
  Content().write(file.path);
  const CohortFile cohort(file.path);
  const auto digest = [&](const Split& split) { return split_digest(cohort, split); };
  const std::set<std::string> all = {digest({{0, 1}, {}, {2}}), digest({{0}, {1}, {2}}), digest({{0}, {}, {1, 2}})};
  CHECK(all.size() == 3);
}

TEST_CASE("Cohort: two sessions of a person in two parts are refused; folds of persons keep them together") {
  Content by_id;
  for (std::size_t i = 0; i < n; ++i) by_id.ids[i] = "s" + std::to_string(i / 2) + "_ses-" + std::to_string(i % 2 + 1);
  Content by_column;
  for (std::size_t i = 0; i < n; ++i) by_column.persons.push_back("p" + std::to_string(i % (n / 2)));
  for (const Content& content : {by_id, by_column}) {
    const TemporaryFile file("cohort.h5");
    content.write(file.path);
    DataOptions options;
    options.cohort = file.path;
    check_fails([&] { open_cohort(options, {}); }, ErrorKind::usage, {"a scan of the same person"});
    options.split = SplitBy::persons;
    options.folds = 3;
    const Cohort cohort = open_cohort(options, {});
    CHECK(cohort.split.test.size() == n / 3);
    std::set<std::string> persons;
    for (const Index i : cohort.split.test) persons.insert(cohort.file->subject(i).person);
    CHECK(persons.size() == n / 6);
  }
}

TEST_CASE("Cohort: texts of two columns cannot be exchanged for each other") {
  const auto named = [](const std::string& id, const std::string& study) {
    return changed([&](Content& c) {
      c.ids[0] = id;
      c.studies[0] = study;
    });
  };
  CHECK(named("a", "b c") != named("a b", "c"));
  CHECK(named("a\n1:b", "c") != named("a", "b\n1:c"));
}
