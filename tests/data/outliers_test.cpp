// SPDX-License-Identifier: Apache-2.0
// Maps that do not belong are found and named with their likely cause; phantoms of every size and seed, and cohorts of
// a few maps, give no false alarm.
#include "data/outliers.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "data/cohort_h5.h"
#include "data/phantom/cohort.h"
#include "tests/data/formats/raw_h5.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Traits of maps with small differences, which tests then change.
struct Maps {
  std::vector<std::string> ids, digests;
  std::vector<MapTraits> traits;
  std::string unit = "kPa";

  explicit Maps(std::size_t n) {
    for (std::size_t k = 0; k < n; ++k) {
      const double step = static_cast<double>(k % 5) - 2;  // -2 to 2
      ids.push_back(fmt::format("s{}", k));
      digests.push_back(fmt::format("digest {}", k));
      traits.push_back({2.5 + 0.2 * step, 1500 + 50 * step, {90 + step, 100 - step, 80 + step}});
    }
  }
  std::vector<Outlier> outliers() const { return find_outliers({ids, digests, traits, 2, unit}); }
  std::string lines() const {
    std::string out;
    for (const std::string& line : outlier_lines(outliers(), ids)) out += line + "\n";
    return out;
  }
};

bool has(const std::string& text, const std::string& word) { return text.find(word) != std::string::npos; }

}  // namespace

TEST_CASE("Traits of a map: mean, volume and centre of the voxels that hold data") {
  const VoxelGrid grid{{3, 4, 5}, 5};
  std::vector<float> map(60);
  CHECK(map_traits(map, grid).millilitres == 0);
  map[grid.at(1, 2, 3)] = 2;
  map[grid.at(2, 2, 1)] = -4;
  const MapTraits t = map_traits(map, grid);
  CHECK(t.mean == 3);
  CHECK(t.millilitres == doctest::Approx(0.25));
  CHECK(t.centre == std::array<double, 3>{7.5, 10, 10});
}

TEST_CASE("Outliers: a map in pascal among kilopascals, and the other way round, with id, value and cause") {
  for (const std::size_t n : {3, 5, 6, 40}) {
    CAPTURE(n);
    Maps maps(n);
    CHECK(maps.lines() == "");
    maps.traits[2].mean *= 1000;
    const std::vector<Outlier> found = maps.outliers();
    REQUIRE(found.size() == 1);
    CHECK(found[0].map == 2);
    CHECK(found[0].grave);
    CHECK(has(found[0].text, "mean 2500 kPa, usually 2."));
    CHECK(has(found[0].text, "pascal among kilopascals?"));
    for (std::size_t k = 0; k < n; ++k)
      if (k != 2) maps.traits[k].mean *= 1000;
    maps.traits[2].mean /= 1000;
    CHECK(has(maps.lines(), "s2 (mean 2.5 kPa"));
    CHECK(has(maps.lines(), "kilopascals among pascals?"));
    maps.unit = "a.u.";
    CHECK(maps.lines() == "");
  }
}

TEST_CASE("Outliers: with two maps, or two halves, in different units, all of them are named") {
  Maps two(2);
  two.traits[0].mean *= 1000;
  CHECK(two.outliers().size() == 2);
  Maps halves(20);
  for (std::size_t k = 0; k < 10; ++k) halves.traits[k].mean *= 1000;
  CHECK(by_gravity(halves.outliers()).grave.size() == 20);
}

TEST_CASE("Outliers: ten times the usual intensity is grave, three times is not, and one and a half is usual") {
  const auto with = [](double factor) {
    Maps maps(12);
    maps.traits[7].mean = 2.5 * factor;
    return maps.outliers();
  };
  for (const double factor : {11.0, 1 / 11.0}) {
    REQUIRE(with(factor).size() == 1);
    CHECK(with(factor)[0].grave);
    CHECK_FALSE(has(with(factor)[0].text, "pascal"));
  }
  for (const double factor : {3.0, 1 / 3.0}) {
    REQUIRE(with(factor).size() == 1);
    CHECK_FALSE(with(factor)[0].grave);
  }
  for (const double factor : {1.5, 0.7}) CHECK(with(factor).empty());
}

TEST_CASE("Outliers: extent and place are compared from six maps on, by what is usual in the cohort") {
  for (const std::size_t n : {2, 3, 5, 6, 30}) {
    CAPTURE(n);
    Maps maps(n);
    maps.traits[1].millilitres = 300;
    maps.traits[0].centre[2] += 45;
    const std::string lines = maps.lines();
    CHECK(has(lines, "s1 (data in 300 ml, usually") == (n >= 6));
    CHECK(has(lines, "s0 (its centre is 4") == (n >= 6));
    CHECK(by_gravity(maps.outliers()).grave.empty());
  }
  Maps wide(30);  // where places differ anyway, 45 mm are usual
  for (std::size_t k = 0; k < 30; ++k) wide.traits[k].centre[0] += static_cast<double>(k * 2);
  wide.traits[0].centre[2] += 45;
  CHECK(wide.lines() == "");
}

TEST_CASE("Outliers: equal maps are named in pairs, in cohorts of any size") {
  Maps maps(2);
  maps.digests[1] = maps.digests[0];
  CHECK(maps.lines() == "1 map is equal to another: s1 (every voxel is that of s0: one scan under two ids?)\n");
  CHECK(maps.outliers()[0].grave);
  Maps all(30);
  for (std::string& digest : all.digests) digest = "the same";
  const std::string lines = all.lines();
  CHECK(has(lines, "29 maps are equal to another: s1 (every voxel is that of s0"));
  CHECK(has(lines, "and 26 more\n"));
  CHECK_FALSE(has(lines, "s4"));
}

TEST_CASE(
    "Outliers: maps without data or with NaN do not hide others, and one map or none is no cohort to differ from") {
  CHECK(Maps(0).outliers().empty());
  CHECK(Maps(1).outliers().empty());
  Maps maps(9);
  maps.traits[0] = {};
  maps.traits[1].mean = std::nan("");
  maps.traits[2].mean = INFINITY;
  CHECK(maps.outliers().empty());
  maps.traits[3].mean *= 1000;
  CHECK(maps.outliers().size() == 1);
  Maps none(7);
  for (MapTraits& t : none.traits) t = {};
  CHECK(none.outliers().empty());
}

TEST_CASE("Outliers: the largest comes first, grave ones before all others") {
  Maps maps(20);
  maps.traits[3].centre[0] += 500;
  maps.traits[4].millilitres /= 3;
  maps.traits[5].mean *= 1000;
  maps.digests[6] = maps.digests[7];
  std::vector<Index> order;
  for (const Outlier& o : maps.outliers()) order.push_back(o.map);
  CHECK(order == std::vector<Index>{7, 5, 3, 4});
}

TEST_CASE("Outliers: phantoms give no alarm, whatever their seed, size, voxels and modality") {
  const TemporaryFile file("phantom.h5");
  const auto check = [&](Index subjects, double voxel_mm, std::uint32_t seed, bool t1) {
    CAPTURE(subjects);
    CAPTURE(voxel_mm);
    CAPTURE(seed);
    CAPTURE(t1);
    phantom::CohortOptions options;
    options.subjects = subjects;
    options.voxel_mm = voxel_mm;
    options.seed = seed;
    options.t1 = t1;
    phantom::write_cohort(options, file.path);
    const CohortFile cohort(file.path);
    Maps maps(0);
    for (Index i = 0; i < cohort.size(); ++i) {
      maps.ids.push_back(cohort.subject(i).id);
      maps.digests.push_back(cohort.subject(i).id);
      maps.traits.push_back(map_traits(cohort.volume(i).values, cohort.grid()));
    }
    CHECK(outlier_lines(find_outliers({maps.ids, maps.digests, maps.traits, voxel_mm, "kPa"}), maps.ids).empty());
  };
  for (const std::uint32_t seed : {1, 2, 3, 4, 5})
    for (const bool t1 : {false, true}) {
      for (const Index subjects : {2, 6}) check(subjects, 8, seed, t1);
      check(50, 16, seed, t1);
    }
  check(311, 20, 1, false);  // all studies
  check(10, 4, 1, false);
}
