// SPDX-License-Identifier: Apache-2.0
// Cohort files: files of h5py and others are read; each problem is reported with file, row and a fix.
#include "data/cohort_h5.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>

#include "tests/data/formats/raw_h5.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// A cohort of three maps of [2, 3, 2] voxels; each test changes one part.
struct SampleCohort {
  std::vector<hsize_t> shape = {3, 1, 2, 3, 2};
  std::vector<double> maps, age = {20.5, 41, 77.25};
  std::vector<std::string> ids = {"sub-1", "sub-2", "sub-3"};
  std::vector<double> voxel_mm = {2};
  Storage storage;
  std::function<void(RawFile&)> more;

  SampleCohort() {
    for (int k = 0; k < 36; ++k) maps.push_back(k % 12 == 0 ? 0 : k + 0.5);
  }
  void write(const std::string& path) const {
    RawFile raw(path);
    if (!maps.empty()) raw.numbers("maps", shape, maps, storage);
    if (!age.empty()) raw.numbers("age", {age.size()}, age);
    if (!ids.empty()) raw.texts("participant_id", ids);
    if (!voxel_mm.empty()) raw.attribute("voxel_mm", voxel_mm);
    if (more) more(raw);
  }
};

void check_refused(const SampleCohort& sample, const std::vector<std::string>& words) {
  const TemporaryFile file("refused.h5");
  sample.write(file.path);
  std::vector<std::string> all = words;
  all.push_back(file.path);
  check_fails([&] { CohortFile cohort(file.path); }, ErrorKind::data, all);
}

}  // namespace

TEST_CASE("CohortFile: required and optional columns are read, as h5py writes them") {
  const TemporaryFile file("plain.h5");
  SampleCohort sample;
  sample.storage = {{2, 1, 1, 2, 2}, 9, H5T_IEEE_F64BE};
  sample.more = [](RawFile& raw) {
    raw.fixed_texts("sex", 1, "FMF", H5T_STR_NULLPAD);
    raw.numbers("study", {3}, {1, 2, 1}, {{}, 0, H5T_STD_I64LE});
  };
  sample.write(file.path);
  const CohortFile cohort(file.path);
  CHECK(cohort.size() == 3);
  CHECK(cohort.volume_shape() == Shape{2, 3, 2});
  CHECK(cohort.voxel_mm() == 2);
  CHECK_FALSE(cohort.synthetic());
  CHECK(cohort.subject(2).id == "sub-3");
  CHECK(cohort.subject(2).age == 77.25);
  CHECK(cohort.subject(1).sex == "M");
  CHECK(cohort.subject(1).study == "2");
  const Volume volume = cohort.volume(1);
  CHECK(volume.shape == Shape{2, 3, 2});
  for (std::size_t k = 0; k < 12; ++k) CHECK(volume.values[k] == static_cast<float>(sample.maps[12 + k]));
}

TEST_CASE("CohortFile: missing sex and study are empty; a synthetic cohort is marked") {
  const TemporaryFile file("bare.h5");
  SampleCohort sample;
  sample.more = [](RawFile& raw) { raw.attribute("synthetic", {1}); };
  sample.write(file.path);
  const CohortFile cohort(file.path);
  CHECK(cohort.subject(0).sex.empty());
  CHECK(cohort.subject(0).study.empty());
  CHECK(cohort.synthetic());
}

TEST_CASE("CohortFile: subjects are in the order of their ids, with everything of their row") {
  const TemporaryFile file("mixed.h5");
  SampleCohort sample;
  sample.ids = {"sub-3", "sub-1", "sub-2"};
  sample.more = [](RawFile& raw) {
    raw.texts("part", {"test", "train", "val"});
    raw.numbers("coverage", {3}, {0.3, 0.1, 0.2});
  };
  sample.write(file.path);
  const CohortFile cohort(file.path);
  for (Index i = 0; i < 3; ++i) {
    const Index row = std::vector<Index>{1, 2, 0}[static_cast<std::size_t>(i)];
    CHECK(cohort.row(i) == row);
    CHECK(cohort.subject(i).id == "sub-" + std::to_string(i + 1));
    CHECK(cohort.subject(i).age == sample.age[static_cast<std::size_t>(row)]);
    CHECK(cohort.volume(i).values[1] == static_cast<float>(sample.maps[static_cast<std::size_t>(12 * row + 1)]));
  }
  CHECK(cohort.column("part") == std::vector<std::string>{"train", "val", "test"});
  CHECK(cohort.coverage() == std::vector<double>{0.1, 0.2, 0.3});
}

TEST_CASE("CohortFile: numbers can be participant ids, with all their digits") {
  const TemporaryFile file("numbers.h5");
  SampleCohort sample;
  sample.ids.clear();
  sample.more = [](RawFile& raw) {
    raw.numbers("participant_id", {3}, {12345671, 12345672, 3}, {{}, 0, H5T_STD_I64LE});
  };
  sample.write(file.path);
  const CohortFile cohort(file.path);
  CHECK(cohort.subject(0).id == "12345671");
  CHECK(cohort.subject(1).id == "12345672");
  CHECK(cohort.subject(2).id == "3");
}

TEST_CASE("CohortFile: all problems with ids and ages are listed with their rows") {
  SampleCohort sample;
  sample.age = {not_a_number, -1, 131};
  sample.ids = {"sub-1", "", "sub-1"};
  check_refused(sample, {"5 problems", "row 0: the age is nan", "row 1: the age is -1", "row 2: the age is 131",
                         "row 1: the participant_id is empty", "\"sub-1\" is also that of row 0"});
}

TEST_CASE("CohortFile: columns with a different length than the maps are refused") {
  SampleCohort ages;
  ages.age.push_back(30);
  check_refused(ages, {"column age has 4 entries, expected one for each of the 3 maps"});
  SampleCohort ids;
  ids.ids.pop_back();
  check_refused(ids, {"column participant_id has 2 entries, expected one for each of the 3 maps"});
  SampleCohort sexes;
  sexes.more = [](RawFile& raw) { raw.texts("sex", {"F"}); };
  check_refused(sexes, {"column sex has 1 entries, expected one for each of the 3 maps"});
}

TEST_CASE("CohortFile: a long list of problems is cut, with the number of the others") {
  SampleCohort sample;
  sample.shape = {30, 1, 1, 1, 2};
  sample.maps.assign(60, 1);
  sample.age.assign(30, not_a_number);
  sample.ids.clear();
  for (int k = 0; k < 30; ++k) sample.ids.push_back("sub-" + std::to_string(k));
  check_refused(sample, {"30 problems", "row 19:", "and 10 more"});
}

TEST_CASE("CohortFile: missing columns are refused by name") {
  SampleCohort maps, ages, ids, voxel;
  maps.maps.clear();
  ages.age.clear();
  ids.ids.clear();
  voxel.voxel_mm.clear();
  check_refused(maps, {"no dataset \"maps\""});
  check_refused(ages, {"no dataset \"age\""});
  check_refused(ids, {"no dataset \"participant_id\""});
  check_refused(voxel, {"no attribute \"voxel_mm\""});
}

TEST_CASE("CohortFile: maps with a wrong rank, with two channels, or empty are refused with their shape") {
  SampleCohort flat, channels, none;
  flat.shape = {3, 12};
  check_refused(flat, {"[3, 12]", "[N, 1, X, Y, Z]"});
  channels.shape = {3, 2, 2, 3, 1};
  check_refused(channels, {"[3, 2, 2, 3, 1]"});
  none.maps.clear();
  none.more = [](RawFile& raw) { raw.unwritten("maps", {0, 1, 2, 3, 2}); };
  check_refused(none, {"[0, 1, 2, 3, 2]"});
}

TEST_CASE("CohortFile: a voxel size that is not a length is refused") {
  for (const double size : {0.0, -2.0, not_a_number}) {
    SampleCohort sample;
    sample.voxel_mm = {size};
    check_refused(sample, {"voxel_mm"});
  }
  SampleCohort three;
  three.voxel_mm = {2, 2, 2};
  check_refused(three, {"voxel_mm", "not a single number"});
}

TEST_CASE("CohortFile: an affine that contradicts voxel_mm, or is not an affine matrix, is refused") {
  SampleCohort sample;
  const auto with_edges = [&](double x, double y, double z, double corner = 1) {
    sample.more = [=](RawFile& raw) {
      raw.numbers("affine", {4, 4}, {x, 0, 0, -90, 0, y, 0, -126, 0, 0, z, -72, 0, 0, 0, corner});
    };
  };
  with_edges(8, 8, 8);
  check_refused(sample, {"voxel_mm is 2", "8 x 8 x 8 mm"});
  with_edges(-2, 2, 3);
  check_refused(sample, {"voxel_mm is 2", "2 x 2 x 3 mm"});
  with_edges(2, 2, 2, 2);
  check_refused(sample, {"not an affine matrix", "last row"});
  with_edges(-1.999, 2.001, 2);
  const TemporaryFile file("edges.h5");
  sample.write(file.path);
  CHECK(CohortFile(file.path).size() == 3);
}

TEST_CASE("CohortFile: text that is not UTF-8 is one problem for each column") {
  SampleCohort sample;
  sample.ids = {"sub-1", "sub-\xe4", "sub-\xf6"};
  sample.more = [](RawFile& raw) { raw.texts("study", {"\xfc", "A", "B"}); };
  check_refused(sample,
                {"2 problems", "participant_id: 2 of 3 texts are not UTF-8 (perhaps Latin-1), the first in row 1",
                 "study: 1 of 3 texts"});
}

TEST_CASE("CohortFile: text instead of ages or maps is refused") {
  SampleCohort sample;
  sample.age.clear();
  sample.more = [](RawFile& raw) { raw.texts("age", {"20", "30", "40"}); };
  check_refused(sample, {"\"age\" does not contain numbers"});
}

TEST_CASE("CohortFile: a voxel that is not finite is refused when its map is read, with row, id and voxel") {
  for (const double bad :
       {not_a_number, std::numeric_limits<double>::infinity(), 1e300}) {  // the last overflows float32
    const TemporaryFile file("nan.h5");
    SampleCohort sample;
    sample.maps[12 + 7] = bad;
    sample.write(file.path);
    const CohortFile cohort(file.path);
    CHECK(cohort.volume(0).values.size() == 12);
    check_fails([&] { (void)cohort.volume(1); }, ErrorKind::data, {file.path, "row 1", "sub-2", "voxel 7"});
  }
}

TEST_CASE("CohortFile: a constant map is refused with row and id") {
  const TemporaryFile file("constant.h5");
  SampleCohort sample;
  std::fill(sample.maps.begin() + 24, sample.maps.end(), 0.0);
  sample.write(file.path);
  const CohortFile cohort(file.path);
  check_fails([&] { (void)cohort.volume(2); }, ErrorKind::data, {file.path, "row 2", "sub-3", "the same value"});
}

TEST_CASE("CohortFile: a missing file is a data error, an incomplete file is corrupt") {
  const TemporaryFile file("cut.h5");
  check_fails([&] { CohortFile cohort(file.path); }, ErrorKind::data, {file.path});
  SampleCohort().write(file.path);
  std::filesystem::resize_file(file.path, std::filesystem::file_size(file.path) / 2);
  check_fails([&] { CohortFile cohort(file.path); }, ErrorKind::corrupt, {file.path});
}

TEST_CASE("CohortFile: the affine gives the directions of the axes, the modality gives the unit") {
  const auto with = [](const std::function<void(RawFile&)>& more, const auto& look) {
    const TemporaryFile file("affine.h5");
    SampleCohort sample;
    sample.more = more;
    sample.write(file.path);
    look(CohortFile(file.path));
  };
  const auto affine = [](std::vector<double> values) {
    return [values](RawFile& raw) { raw.numbers("affine", {values.size() / 4, 4}, values); };
  };
  with({}, [](const CohortFile& c) {
    CHECK(c.reversed_axes() == std::array<bool, 3>{false, false, false});
    CHECK(c.unit() == "kPa");
  });
  with(affine({-2, 0.1, 0, 90, 0, 2, 0, -126, 0, 0, 2, -72, 0, 0, 0, 1}), [](const CohortFile& c) {
    CHECK(c.reversed_axes() == std::array<bool, 3>{true, false, false});
  });
  with(affine({0, 2, 0, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1}),
       [](const CohortFile& c) { check_fails([&] { c.reversed_axes(); }, ErrorKind::data, {"affine"}); });
  with([](RawFile& raw) { raw.text_attribute("modality", {"t1"}); },
       [](const CohortFile& c) { CHECK(c.unit() == "a.u."); });
}

TEST_CASE("CohortFile: an affine or a modality that a model file cannot store is refused before training") {
  for (const auto& wrong :
       {std::vector<double>{2, 0, 0, 0, 0, 2, 0, 0}, std::vector<double>(16, not_a_number),
        std::vector<double>{2, 0, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 0, 0, 1}, std::vector<double>(16, 0)}) {
    SampleCohort sample;
    sample.more = [&](RawFile& raw) { raw.numbers("affine", {wrong.size() / 4, 4}, wrong); };
    check_refused(sample, {"affine"});
  }
  SampleCohort latin;
  latin.more = [](RawFile& raw) { raw.text_attribute("modality", {"m\xfcre"}); };
  check_refused(latin, {"modality", "UTF-8"});
}
