// SPDX-License-Identifier: Apache-2.0
// A laboratory's files become a cohort file: joined by id, on the grid, with their provenance.
#include "experiments/cohorts/import.h"

#include <doctest/doctest.h>

#include <csignal>
#include <sstream>

#include "data/cohort_h5.h"
#include "data/files/digest.h"
#include "data/files/input_file.h"
#include "data/phantom/cohort.h"
#include "experiments/cohorts/export.h"
#include "experiments/program/stop_signal.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/experiments/cohorts/sample_study.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

}  // namespace

TEST_CASE("import: rows are in the table's order, with the map, age, sex and study of their id; subjects by id") {
  const Study study;
  const Imported done = study.import();
  CHECK(done.maps == 3);
  CHECK(done.hidden_ages == 1);
  CHECK(done.left_out.empty());
  const CohortFile cohort(study.out.string());
  REQUIRE(cohort.size() == 3);
  CHECK(cohort.voxel_mm() == coarse);
  const std::vector<std::uint64_t> order = {3, 1, 2};
  for (Index i = 0; i < 3; ++i) {
    CHECK(cohort.subject(i).id == "sub-" + std::to_string(i + 1));
    CHECK(order[static_cast<std::size_t>(cohort.row(i))] == static_cast<std::uint64_t>(i + 1));
    CHECK(cohort.volume(i).values == sample_map(static_cast<std::uint64_t>(i + 1)).volume.values);
  }
  CHECK(cohort.subject(2).age == 77.5);
  CHECK(cohort.subject(1).age == 89);
  CHECK(cohort.subject(2).sex == "F");
  CHECK(cohort.subject(0).sex == "M");
  CHECK(cohort.subject(1).sex.empty());
  CHECK(cohort.subject(0).study == "B");
  CHECK(cohort.unit() == "kPa");
  CHECK_FALSE(cohort.synthetic());
}

TEST_CASE("import: the file contains its source, and the report describes what was done to each map") {
  Study study;
  SpatialVolume turned = sample_map(2);
  turned.affine = Affine::scale({-coarse, coarse, coarse}, {99, -117, -63});
  study.write_map(2, turned);
  const Imported done = study.import();
  const H5Reader file(study.out.string());
  CHECK(file.text_attribute("importer").starts_with("Cortexgrad "));
  CHECK(file.text_attribute("digest") == "sha256:" + done.digest);
  CHECK(file.text_attribute("source") == "study");
  CHECK(file.text_attribute("source_maps") == study.options.files);
  CHECK(file.text_attribute("sampling") == "measured");
  CHECK(file.number_attribute("nan_is_zero") == 0);
  CHECK(file.rows("mask", 0, 1)[0] == 0);
  const std::vector<std::string> report = lines(done.report);
  REQUIRE(report.size() == 4);
  CHECK(report[0].starts_with("participant_id,age,"));
  CHECK(report[1].find("sub-3/sub-3_mre.nii.gz") != std::string::npos);
  CHECK(report[1].find("\"NIfTI-1, FLOAT32\",RAS,as it is,") != std::string::npos);
  CHECK(report[3].find(",LAS,turned from LAS,") != std::string::npos);
}

TEST_CASE("import: for a header and its image, the report has the digest of the image, for either file name") {
  Study study;
  for (const int k : {1, 2, 3}) {
    const std::string stem = (study.file(k).parent_path() / ("sub-" + std::to_string(k))).string();
    write_nifti(stem + ".nii", sample_map(static_cast<std::uint64_t>(k)));
    std::string bytes = read_input(stem + ".nii", 1 << 20);
    bytes.replace(344, 3, "ni1");
    std::ofstream(stem + ".hdr", std::ios::binary) << bytes.substr(0, 352);
    std::ofstream(stem + ".img", std::ios::binary) << std::string(352, '\0') + bytes.substr(352);  // from byte 352 on
  }
  for (const char* ending : {".hdr", ".img"}) {
    study.options.files = std::string("{participant_id}/{participant_id}") + ending;
    const std::string report = study.import().report;
    for (const int k : {1, 2, 3}) {
      const std::string id = "sub-" + std::to_string(k), image = (study.folder / id / (id + ".img")).string();
      CHECK(report.find(id + "/" + id + ending + "," + sha256_of_file(image)) != std::string::npos);
    }
  }
}

TEST_CASE("import: the same files give the same bytes for one and for several threads") {
  const Study study;
  study.import();
  std::ifstream first(study.out, std::ios::binary);
  std::stringstream before, after;
  before << first.rdbuf();
  const Imported done = import_cohort(study.options, study.out, silent(), 1);
  CHECK(done.digest == import_cohort(study.options, "", silent(), 3).digest);
  std::ifstream second(study.out, std::ios::binary);
  after << second.rdbuf();
  CHECK(before.str() == after.str());
}

TEST_CASE("import: a signal ends it before the next map, and no file is left") {
  const Study study;
  {
    const StopSignals stop;
    std::raise(SIGTERM);
  }
  check_fails([&] { study.import(); }, ErrorKind::interrupted, {"nothing was written"});
  const StopSignals forgotten;  // so that the next test cases are not stopped
  for (const auto& entry : fs::directory_iterator(study.out.parent_path())) CHECK(entry.path() == study.folder);
}

TEST_CASE("import: a rotated volume gets the same position") {
  Study study;
  const SpatialVolume map = sample_map(1);
  SpatialVolume stored{{{11, 10, 10}, std::vector<float>(1100)}, {}};
  stored.affine.m = {{{0, 0, -coarse, 99}, {-coarse, 0, 0, 83}, {0, coarse, 0, -63}}};  // PSL
  for (Index x = 0; x < 10; ++x)
    for (Index y = 0; y < 11; ++y)
      for (Index z = 0; z < 10; ++z)
        stored.volume.values[voxel_index(stored.volume, 10 - y, z, 9 - x)] =
            map.volume.values[voxel_index(map.volume, x, y, z)];
  study.write_map(1, stored);
  study.import();
  CHECK(CohortFile(study.out.string()).volume(0).values == map.volume.values);
}

TEST_CASE("import: a stack is joined by its ids, not by order, and x is reversed if it points to the left") {
  for (const char* axes : {"RAS", "LAS"}) {
    Study study;
    study.make_stack();
    study.options.npy_axes = axes;
    study.import();
    const CohortFile cohort(study.out.string());
    for (Index i = 0; i < 3; ++i) {
      const Volume map = noise_volume({46, 55, 46}, static_cast<std::uint64_t>(i + 1)), read = cohort.volume(i);
      const bool left = axes[0] == 'L';
      CHECK(read.values[voxel_index(read, 3, 4, 5)] == map.values[voxel_index(map, left ? 42 : 3, 4, 5)]);
    }
  }
}

TEST_CASE("import: OpenBHB as distributed, in files of 1 mm and in stacks, with numeric ids") {
  Study study("openbhb");
  const Shape shape = {1, 1, 46, 55, 46};
  int k = 0;
  for (const std::string part : {"train", "val"}) {
    std::vector<float> all;
    std::vector<std::string> ids;
    std::string table = "participant_id\tsex\tage\tsite\n";
    for (int i = 0; i < 2; ++i, ++k) {
      const std::string id = std::to_string(347371779112 + k);
      const Volume map = noise_volume({46, 55, 46}, static_cast<std::uint64_t>(k));
      const fs::path folder = study.folder / part / "derivatives" / ("sub-" + id) / "ses-1";
      fs::create_directories(folder);
      write_npy((folder / ("sub-" + id + "_preproc-quasiraw_T1w.npy")).string(), shape, map.values);
      all.insert(all.begin(), map.values.begin(), map.values.end());
      ids.insert(ids.begin(), id);
      table += id + "\tfemale\t" + std::to_string(20 + k) + "\t" + std::to_string(k) + ".0\n";
    }
    study.write_table(table, part + "_labels/participants.tsv");
    fs::create_directories(study.folder / (part + "_quasiraw"));
    write_npy((study.folder / (part + "_quasiraw") / (part + "_quasiraw_2mm.npy")).string(), {2, 1, 46, 55, 46}, all);
    write_npy_texts((study.folder / (part + "_quasiraw") / "participants_id.npy").string(), ids);
  }
  ImportOptions plain;
  plain.root = study.folder;
  plain.modality = "t1";
  plain.voxel_mm = 4;
  plain.sampling = Sampling::linear;
  for (const Layout layout : {Layout::openbhb, Layout::openbhb_2mm}) {
    study.options = with_layout(plain, layout);
    study.import();
    const CohortFile cohort(study.out.string());
    REQUIRE(cohort.size() == 4);
    CHECK(H5Reader(study.out.string()).strings("part") == std::vector<std::string>{"train", "train", "val", "val"});
    for (Index i = 0; i < 4; ++i) {
      CHECK(cohort.subject(i).id == std::to_string(347371779112 + i));
      CHECK(cohort.subject(i).age == 20 + i);
      CHECK(cohort.subject(i).study == std::to_string(i) + ".0");
      const Volume map = noise_volume({46, 55, 46}, static_cast<std::uint64_t>(i)), read = cohort.volume(i);
      CHECK(read.values[voxel_index(read, 3, 4, 5)] == map.values[voxel_index(map, 42, 4, 5)]);
    }
    CHECK(cohort.unit() == "a.u.");
  }
  plain.root = study.out.parent_path();
  check_fails([&] { with_layout(plain, Layout::openbhb); }, ErrorKind::data, {"--table"});
}

TEST_CASE("import: rows without a map, and maps without a row, are skipped if that is allowed, or by id") {
  Study study;
  fs::remove(study.file(1));
  study.write_map(4, sample_map(4));
  study.options.allow_missing = study.options.allow_unused = true;
  Imported done = study.import();
  CHECK(done.maps == 2);
  CHECK(done.left_out == std::vector<std::string>{"sub-1"});
  CHECK(done.report.find("sub-1,,,,,,,,,left out: no map") != std::string::npos);
  study.options.allow_missing = study.options.allow_unused = false;
  study.options.exclude = {"sub-1", "4"};  // with or without sub-
  study.write_table("participant_id\tage\nsub-1\tn/a\nsub-2\t30\nsub-3\t40\nsub-4\t50\n");
  CHECK(study.import().maps == 2);
}

TEST_CASE("import: voxels outside of a mask become 0, and NaN can mean that nothing was measured") {
  Study study;
  SpatialVolume mask = sample_map(1);
  for (std::size_t k = 0; k < mask.volume.values.size(); ++k) mask.volume.values[k] = k < 500;
  for (const char* id : {"sub-1", "sub-2", "sub-3"}) write_nifti(study.folder / id / "mask.nii", mask);
  study.options.masks = "{participant_id}/mask.nii";
  SpatialVolume holed = sample_map(3);
  holed.volume.values[0] = std::nanf("");
  study.write_map(3, holed);
  study.options.nan_is_zero = true;
  const Imported done = study.import();
  CHECK(done.lossy.empty());  // voxels outside of a mask are not outside of the grid
  for (const std::size_t line : {1, 2, 3}) CHECK(lines(done.report).at(line).ends_with(",0.0000,"));
  const Volume read = CohortFile(study.out.string()).volume(2);
  for (std::size_t k = 0; k < read.values.size(); ++k)
    CHECK(read.values[k] == (k < 500 ? sample_map(3).volume.values[k] : 0));
}

TEST_CASE("import: tables of spreadsheets are read, with other column names and words") {
  Study study;
  study.write_table("\xef\xbb\xbfID;Alter;Geschlecht\r\nsub-1;22,68;2\r\nsub-2;30;1\r\nsub-3;\"40\";2\r\n",
                    "people.csv");
  study.options.table = "people.csv";
  study.options.id_column = "ID";
  study.options.age_column = "Alter";
  study.options.sex_column = "Geschlecht";
  study.options.female = "2";
  study.options.male = "1";
  study.import();
  const CohortFile cohort(study.out.string());
  CHECK(cohort.subject(0).age == 22.68);  // to the last bit
  CHECK(cohort.subject(0).sex == "F");
  CHECK(cohort.subject(1).sex == "M");
}

TEST_CASE("export, import: NIfTI files of a phantom give the same cohort to the bit, with its synthetic mark") {
  for (const bool t1 : {false, true}) {
    Study study("round");
    const std::string original = (study.out.parent_path() / "phantom.h5").string();
    phantom::CohortOptions phantom;
    phantom.subjects = 3;
    phantom.voxel_mm = 8;
    phantom.t1 = t1;
    phantom::write_cohort(phantom, original);
    const CohortFile before(original);
    const fs::path folder = study.out.parent_path() / "bids";
    export_cohort(before, folder, silent());
    CHECK(fs::exists(folder / "dataset_description.json"));
    std::ifstream people(folder / "participants.tsv");
    std::string header, first;
    std::getline(people, header);
    std::getline(people, first);
    CHECK(header.ends_with("\tsynthetic"));
    CHECK(first.ends_with("\tyes"));
    study.options = {};
    study.options.root = folder;
    study.options.table = "participants.tsv";
    study.options.files = exported_files(before);
    study.options.voxel_mm = 8;
    study.options.modality = t1 ? "t1" : "mre";
    study.options.sampling = t1 ? Sampling::linear : Sampling::measured;
    study.import();
    const CohortFile after(study.out.string());
    REQUIRE(after.size() == before.size());
    CHECK(after.synthetic());
    CHECK(after.unit() == before.unit());
    CHECK(H5Reader(original).numbers("affine") == H5Reader(study.out.string()).numbers("affine"));
    for (Index i = 0; i < 3; ++i) {
      CHECK(after.volume(i).values == before.volume(i).values);
      CHECK(after.subject(i).id == bids_id(before.subject(i).id));
      CHECK(after.subject(i).age == before.subject(i).age);
      CHECK(after.subject(i).sex == before.subject(i).sex);
      CHECK(after.subject(i).study == before.subject(i).study);
    }
    check_fails([&] { export_cohort(before, folder, silent()); }, ErrorKind::in_use, {"not empty"});
  }
  CHECK(bids_id("phantom-00007") == "sub-phantom00007");
  CHECK(bids_id("sub-a_b") == "sub-ab");
}

TEST_CASE("export: a cohort with unusable maps is refused with a list of them, and no folder is created") {
  const TemporaryFile file("holed.h5");
  std::vector<float> maps(24, 1);
  for (std::size_t k = 0; k < maps.size(); ++k) maps[k] += static_cast<float>(k);
  maps[9] = maps[20] = std::nanf("");
  H5Writer writer(file.path);
  writer.floats("maps", {3, 1, 2, 2, 2}, maps);
  writer.floats("age", {3}, std::vector<float>{20, 30, 40});
  writer.strings("participant_id", {"a", "b", "c"});
  writer.attribute("voxel_mm", 8);
  writer.commit();
  const fs::path folder = fs::temp_directory_path() / ("cg-test-" + std::to_string(getpid()) + "-holed");
  const CohortFile cohort(file.path);
  check_fails([&] { export_cohort(cohort, folder, silent()); }, ErrorKind::data, {file.path, "row 1", "row 2"});
  CHECK_FALSE(fs::exists(folder));
}
