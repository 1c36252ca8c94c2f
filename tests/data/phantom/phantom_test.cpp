// SPDX-License-Identifier: Apache-2.0
// The synthetic phantom: golden numbers of its specification (docs/phantom.md), and things that must not change a
// subject.
#include "data/phantom/phantom.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "data/formats/hdf5_file.h"
#include "data/phantom/cohort.h"
#include "tensor/error.h"
#include "tensor/random.h"

using namespace cg;
using namespace cg::phantom;

namespace {

constexpr double random_tolerance = 1e-7;  // of the specification: double arithmetic, printed with eight digits
constexpr double voxel_tolerance = 1e-3;   // of the specification: float arithmetic in another order

Draws draws(Stream stream, std::uint32_t subject) { return {1, Kind::stiffness, stream, subject}; }

struct Seen {
  double mean, voxels;
};

/// Mean and number of the voxels that hold data.
Seen seen(const Brain& brain) {
  double n = 0, sum = 0;
  for (const float value : brain.map) {
    n += value > 0;
    sum += static_cast<double>(value);
  }
  return {sum / n, n};
}

double at(const Grid& grid, const Brain& brain, Index x, Index y, Index z) {
  return static_cast<double>(brain.map[static_cast<std::size_t>((x * grid.shape()[1] + y) * grid.shape()[2] + z)]);
}

Brain stiffness(Index subject, double voxel_mm) {
  const auto people = stiffness_people(subject + 1, 1);
  return stiffness_brain(subject, 1, people.back(), Grid(voxel_mm), {});
}

/// A cohort file in the folder of temporary files, removed at the end.
struct CohortOnDisk {
  std::string path;
  CohortOnDisk(const std::string& name, const CohortOptions& options)
      : path((std::filesystem::temp_directory_path() / ("phantom-test-" + std::to_string(getpid()) + name)).string()) {
    write_cohort(options, path);
  }
  ~CohortOnDisk() { std::filesystem::remove(path); }
};

CohortOptions small_cohort(Index subjects, int threads, bool t1) {
  CohortOptions options;
  options.subjects = subjects;
  options.voxel_mm = 10;
  options.threads = threads;
  options.t1 = t1;
  return options;
}

/// Checks that all data of single subjects is equal for the first `n` subjects of both files.
void check_same_subjects(const std::string& a, const std::string& b, Index n) {
  const H5Reader first(a), second(b);
  for (const char* name :
       {"maps", "mask", "age", "study", "coverage", "brain_ml", "truth/latents", "truth/log_stiffness"}) {
    CAPTURE(name);
    CHECK(first.rows(name, 0, n) == second.rows(name, 0, n));
  }
  for (const char* name : {"participant_id", "sex"}) {
    auto left = first.strings(name), right = second.strings(name);
    left.resize(static_cast<std::size_t>(n));
    right.resize(static_cast<std::size_t>(n));
    CHECK(left == right);
  }
}

}  // namespace

TEST_CASE("phantom random numbers: Philox of zeros gives the published words") {
  const std::array<std::uint32_t, 4> expected = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == expected);
}

TEST_CASE("phantom random numbers: normals and uniforms of subject 3 are the golden ones") {
  const auto z = draws(Stream::latent, 3).normals(4);
  const double expected[] = {1.24200182, -1.03496782, 1.38620256, -0.83917239};
  for (std::size_t k = 0; k < 4; ++k) CHECK(std::abs(z[k] - expected[k]) < random_tolerance);
  CHECK(std::abs(draws(Stream::acquire, 3).uniforms(1)[0] - 0.70916285) < random_tolerance);
}

TEST_CASE("phantom random numbers: a longer sequence begins with the same draws") {
  const auto few = draws(Stream::pose, 7).normals(5), many = draws(Stream::pose, 7).normals(36);
  CHECK(std::equal(few.begin(), few.end(), many.begin()));
}

TEST_CASE("phantom texture: the field of subject 3 has its golden values, for any other points") {
  const std::vector<Point> two = {{0, 0, 0}, {10, -20, 30}}, many = {{-80, -110, -60}, {0, 0, 0}, {80, 80, 90}};
  const SplineField field(two, 14, draws(Stream::texture, 3)), wider(many, 14, draws(Stream::texture, 3));
  CHECK(static_cast<double>(field.at(two[0])) == doctest::Approx(-0.381715).epsilon(1e-5));  // float32
  CHECK(static_cast<double>(field.at(two[1])) == doctest::Approx(-0.102606).epsilon(1e-5));
  CHECK(wider.at(two[0]) == field.at(two[0]));
}

TEST_CASE("phantom people: the first four are the golden ones") {
  const auto people = stiffness_people(4, 1);
  const Person expected[] = {{22.68, true, 0}, {69.37, true, 3}, {18.62, true, 1}, {19.05, false, 0}};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(people[i].age == doctest::Approx(expected[i].age).epsilon(1e-12));
    CHECK(people[i].female == expected[i].female);
    CHECK(people[i].group == expected[i].group);
  }
}

TEST_CASE("phantom people: any 311 from a multiple of 311 on have the studies' sizes and numbers of women") {
  const auto people = stiffness_people(2 * full_cohort, 5);
  for (std::size_t turn = 0; turn < 2; ++turn) {
    std::array<int, 5> size{}, women{};
    for (std::size_t i = turn * 311; i < (turn + 1) * 311; ++i) {
      const auto study = static_cast<std::size_t>(people[i].group);
      ++size[study];
      women[study] += people[i].female;
    }
    CHECK(size == std::array<int, 5>{134, 60, 12, 68, 37});
    CHECK(women == std::array<int, 5>{78, 34, 6, 49, 16});
  }
}

TEST_CASE("phantom people: the first three of the T1-like cohort are the golden ones") {
  const double ages[] = {24.31, 30.52, 6.34};
  const Index sites[] = {8, 40, 4};
  for (Index i = 0; i < 3; ++i) {
    const Person person = t1_person(i, 1, 62);
    CHECK(person.age == doctest::Approx(ages[i]).epsilon(1e-12));
    CHECK_FALSE(person.female);
    CHECK(person.group == sites[i]);  // from 0
  }
}

TEST_CASE("phantom stiffness: subject 0 at 4 mm has its golden numbers") {
  const Grid grid(4);
  CHECK(grid.shape() == Shape{46, 55, 46});
  CHECK(grid.points().size() == 39347);
  const Brain brain = stiffness(0, 4);
  CHECK(seen(brain).voxels == 25308);  // exactly: the ends of a study's slab are computed once
  CHECK(std::abs(brain.coverage - 0.99862) < 1e-5);
  CHECK(std::abs(seen(brain).mean - 2.60966) < voxel_tolerance);
  CHECK(std::abs(at(grid, brain, 22, 30, 25) - 2.57339) < voxel_tolerance);
}

TEST_CASE("phantom stiffness: subject 3 has its golden numbers at 4 mm and at 2 mm") {
  const Grid grid(4);
  const Brain coarse = stiffness(3, 4);
  CHECK(coarse.latents.gap == doctest::Approx(2.73240).epsilon(1e-5));
  CHECK(coarse.latents.vent == doctest::Approx(-0.39867).epsilon(1e-5));
  CHECK(seen(coarse).voxels == doctest::Approx(23538).epsilon(1e-3));
  CHECK(std::abs(seen(coarse).mean - 2.38663) < voxel_tolerance);
  CHECK(std::abs(at(grid, coarse, 22, 30, 25) - 3.11472) < voxel_tolerance);

  const Brain fine = stiffness(3, 2);
  CHECK(Grid(2).points().size() == 315366);
  CHECK(seen(fine).voxels == doctest::Approx(188314).epsilon(1e-3));
  CHECK(std::abs(seen(fine).mean - 2.38259) < voxel_tolerance);
  CHECK(std::abs(fine.coverage - 0.99204) < 1e-3);
}

TEST_CASE("phantom T1-like: the volumes have the numbers of the numpy prototype") {
  const Grid grid(4);
  const double voxels[] = {24634, 24153};
  for (Index i = 0; i < 2; ++i) {
    const Brain brain = t1_brain(i, 1, t1_person(i, 1, 62), grid);
    CHECK(seen(brain).voxels == doctest::Approx(voxels[i]).epsilon(1e-3));
    CHECK(brain.coverage == 1);
  }
}

TEST_CASE("phantom cohort: a subject is the same in files of 9 and 16 subjects, for one thread and two") {
  for (const bool t1 : {false, true}) {
    CAPTURE(t1);
    const CohortOnDisk nine("-9.h5", small_cohort(9, 1, t1)), sixteen("-16.h5", small_cohort(16, 2, t1));
    check_same_subjects(nine.path, sixteen.path, 9);
  }
}

TEST_CASE("phantom cohort: the file has the synthetic mark and the positions of its voxels") {
  const CohortOnDisk cohort("-says.h5", small_cohort(2, 1, false));
  const H5Reader file(cohort.path);
  CHECK(file.number_attribute("synthetic") == 1);
  CHECK(file.number_attribute("seed") == 1);
  CHECK(file.number_attribute("voxel_mm") == 10);
  CHECK(file.text_attribute("generator") == "phantom-1");
  CHECK(file.text_attribute("modality") == "mre");
  CHECK(file.text_attribute("signal") == "all");
  CHECK(file.shape("maps") == Shape{2, 1, 19, 22, 19});
  CHECK(file.strings("participant_id") == std::vector<std::string>{"phantom-00000", "phantom-00001"});
  const auto affine = file.numbers("affine");
  CHECK(affine[3] == -91 + 5);
  CHECK(affine[7] == -127 + 5);
  CHECK(affine[11] == -73 + 5);
  const auto maps = file.numbers("maps"), mask = file.numbers("mask");
  for (std::size_t k = 0; k < maps.size(); ++k) REQUIRE(mask[k] == (maps[k] > 0));
}

TEST_CASE("phantom cohort: with the signal only in the hippocampus, other regions do not change with age") {
  const Grid grid(4);
  const Truth found = truth(grid, {"hippocampus"});
  const std::size_t own = region_index("hippocampus") + 2;
  double elsewhere = 0, n = 0, inside = 0, voxels = 0;
  for (std::size_t k = 0; k < found.labels.size(); ++k) {
    const double effect = static_cast<double>(found.age_effect[k]);
    if (found.labels[k] == own) {
      inside += effect;
      ++voxels;
    } else if (found.labels[k] >= 2) {
      elsewhere += std::abs(effect);
      ++n;
    }
  }
  CHECK(elsewhere / n < 0.001 / 100);   // below .001 % per year
  CHECK(inside / voxels < -0.3 / 100);  // the region itself becomes softer
}

TEST_CASE("phantom cohort: with a signal, voxels outside its region do not reveal the study") {
  const Grid grid(10);
  Person person = stiffness_people(1, 1)[0];
  const Brain first = stiffness_brain(0, 1, person, grid, {"thalamus"});
  person.group = 4;
  CHECK(stiffness_brain(0, 1, person, grid, {"thalamus"}).map == first.map);
  CHECK(stiffness_brain(0, 1, person, grid, {}).map != first.map);
}

TEST_CASE("phantom cohort: the file contains the ages to the last bit, as hundredths of a year") {
  for (const bool t1 : {false, true}) {
    const CohortOnDisk made("ages", small_cohort(8, 1, t1));
    for (const double age : H5Reader(made.path).numbers("age")) CHECK(age == std::nearbyint(100 * age) / 100);
  }
}

TEST_CASE("phantom cohort: an unknown region is a usage error that lists the regions, and leaves no file") {
  CohortOptions options = small_cohort(1, 1, false);
  options.signal = {"hipocampus"};
  const auto path = std::filesystem::temp_directory_path() / ("phantom-none-" + std::to_string(getpid()) + ".h5");
  try {
    write_cohort(options, path.string());
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(std::string(error.what()).find("hippocampus") != std::string::npos);
  }
  CHECK_FALSE(std::filesystem::exists(path));
}
