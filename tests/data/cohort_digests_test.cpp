// SPDX-License-Identifier: Apache-2.0
// A cohort file of this project, in which one part after the other is changed: reading the changed part is refused.
#include <doctest/doctest.h>

#include <functional>

#include "data/cohort_h5.h"
#include "data/phantom/cohort.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr Index subjects = 3;

/// A cohort with every part that a CohortFile reads.
void write(const std::string& path, const std::string& sampling = "measured") {
  H5Writer out(path);
  out.make_rows("maps", {{subjects, 1, 2, 3, 2}, DType::f32});
  for (Index i = 0; i < subjects; ++i) {
    std::vector<float> map(12);
    for (std::size_t k = 0; k < map.size(); ++k) map[k] = static_cast<float>(i) + static_cast<float>(k + 1) / 2;
    out.row("maps", i, map);
  }
  out.numbers("age", {subjects}, std::vector<double>{20.5, 41, 77.25});
  out.numbers("coverage", {subjects}, std::vector<double>{0.5, 0.75, 1});
  out.numbers("affine", {4, 4}, std::vector<double>{2, 0, 0, -2, 0, 2, 0, -2, 0, 0, 2, -2, 0, 0, 0, 1});
  for (const char* column : {"participant_id", "sex", "study", "person", "part"})
    out.strings(column, {std::string(column) + "a", std::string(column) + "b", std::string(column) + "c"});
  out.attribute("voxel_mm", 2);
  out.attribute("synthetic", 1);
  out.attribute("nan_is_zero", 1);
  out.attribute("modality", "mre");
  out.attribute("sampling", sampling);
  out.commit();
}

/// Reads all that the programs read.
void read(const std::string& path) {
  const CohortFile cohort(path);
  for (Index i = 0; i < cohort.size(); ++i) cohort.volume(i);
  cohort.affine();
  cohort.coverage();
  cohort.column("part");
  cohort.modality();
  cohort.sampling();
  cohort.nan_is_zero();
}

/// Changes the lowest bit of the first byte of a dataset, whatever its type.
void change_dataset(hid_t file, const char* name) {
  const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), type = H5Dget_type(dataset), space = H5Dget_space(dataset);
  std::vector<unsigned char> bytes(H5Tget_size(type) * static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  REQUIRE(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) >= 0);
  bytes[0] ^= 1;
  REQUIRE(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) >= 0);
  H5Sclose(space), H5Tclose(type), H5Dclose(dataset);
}

void change_attribute(hid_t file, const char* name) {
  const hid_t attribute = H5Aopen(file, name, H5P_DEFAULT), type = H5Aget_type(attribute);
  std::vector<unsigned char> bytes(H5Tget_size(type));
  REQUIRE(H5Aread(attribute, type, bytes.data()) >= 0);
  bytes[0] ^= 1;
  REQUIRE(H5Awrite(attribute, type, bytes.data()) >= 0);
  H5Tclose(type), H5Aclose(attribute);
}

}  // namespace

TEST_CASE("CohortFile: one changed bit in any column, map, number or text of a file with digests is refused") {
  const auto check = [](const std::string& part, const std::function<void(hid_t)>& change) {
    CAPTURE(part);
    const TemporaryFile file("digests.h5");
    write(file.path);
    CHECK_NOTHROW(read(file.path));
    const hid_t opened = H5Fopen(file.path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    change(opened);
    H5Fclose(opened);
    check_fails([&] { read(file.path); }, ErrorKind::corrupt, {"\"" + part + "\"", "differs from its SHA-256"});
  };
  for (const char* dataset : {"age", "coverage", "affine", "participant_id", "sex", "study", "person", "part"})
    check(dataset, [&](hid_t file) { change_dataset(file, dataset); });
  check("maps[0]", [](hid_t file) { change_dataset(file, "maps"); });
  for (const char* attribute : {"voxel_mm", "synthetic", "nan_is_zero", "modality", "sampling"})
    check(std::string("attribute ") + attribute, [&](hid_t file) { change_attribute(file, attribute); });
}

TEST_CASE("CohortFile: its attributes are those of the file, and an unknown sampling is refused") {
  const TemporaryFile file("sampling.h5");
  write(file.path);
  const CohortFile cohort(file.path);
  CHECK(cohort.sampling() == Sampling::measured);
  CHECK(cohort.nan_is_zero());
  CHECK(cohort.synthetic());
  CHECK(cohort.has_affine());
  CHECK(cohort.affine().m[0][3] == -2);
  CHECK(cohort.modality() == "mre");
  write(file.path, "cubic");
  check_fails([&] { CohortFile{file.path}; }, ErrorKind::data, {"sampling is \"cubic\", which is not known"});
}

TEST_CASE("phantom: every part of the file that a cohort reads has a digest") {
  const TemporaryFile file("phantom-digests.h5");
  phantom::CohortOptions options;
  options.subjects = 2;
  options.voxel_mm = 20;
  phantom::write_cohort(options, file.path);
  const CohortFile cohort(file.path);
  CHECK(cohort.verified());
  const std::string sums = H5Reader(file.path).strings("sha256sums").at(0);
  for (const char* part : {"  age\n", "  participant_id\n", "  sex\n", "  study\n", "  coverage\n", "  affine\n",
                           "  maps[1]\n", "  attribute voxel_mm\n", "  attribute synthetic\n"})
    CHECK_MESSAGE(sums.find(part) != std::string::npos, part);
}
