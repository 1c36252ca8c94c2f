// SPDX-License-Identifier: Apache-2.0
// import_cohort and export_cohort as a laboratory uses them: exit codes, output, files.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "data/cohort_h5.h"
#include "data/files/input_file.h"
#include "tests/experiments/cohorts/sample_study.h"
#include "tests/support/shell.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

Finished run(const std::string& tool, const std::string& arguments, const std::string& before = "") {
  return shell(fmt::format("{}'{}/{}' {} 2>&1", before, CG_TEST_BINARIES, tool, arguments));
}

const std::string files = "--files '{participant_id}/{participant_id}_mre.nii.gz'";

std::string import_of(const Study& study, const std::string& more = "") {
  return fmt::format("'{}' {} --voxel 20 --out '{}' {}", study.folder.string(), files, study.out.string(), more);
}

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("import_cohort: writes the cohort file and a report beside it, and replaces no file without --overwrite") {
  const Study study;
  const Finished done = run("import_cohort", import_of(study));
  CAPTURE(done.text);
  CHECK(done.code == 0);
  CHECK(done.says("3 maps at 20 mm, digest "));
  CHECK(done.says("1 ages are hidden"));
  CHECK(done.says("100 %"));
  CHECK(CohortFile(study.out.string()).size() == 3);
  CHECK(fs::exists(study.out.parent_path() / "cohort-import.csv"));
  CHECK(run("import_cohort", import_of(study)).code == 9);
  CHECK(run("import_cohort", import_of(study, "--overwrite")).code == 0);
}

TEST_CASE("import_cohort: a report that would replace a file, or has no folder, is refused before the work") {
  const Study study;
  const fs::path table = study.folder / "participants.tsv";
  const std::string before = read_input(table, 1 << 20);
  const Finished taken = run("import_cohort", import_of(study, "--report '" + table.string() + "'"));
  CHECK(taken.code == 2);
  CHECK(taken.says("would replace an input file"));
  CHECK(read_input(table, 1 << 20) == before);
  const std::string other = (study.out.parent_path() / "other.csv").string();
  std::ofstream(other) << "mine";
  CHECK(run("import_cohort", import_of(study, "--report '" + other + "'")).code == 9);
  CHECK(run("import_cohort", import_of(study, "--report /nowhere/report.csv")).code == 8);
  CHECK_FALSE(fs::exists(study.out));
}

TEST_CASE("import_cohort: --overwrite replaces no input, and no output by the other") {
  Study study;
  REQUIRE(run("import_cohort", import_of(study)).code == 0);
  const std::string other = study.out.string(), root = study.folder.string();
  study.write_table("{}", "participants.json");
  write_nifti(study.folder / "sub-1/mask.nii", sample_map(1));
  for (const char* name : {"maps.npy", "ids.npy"}) std::ofstream(study.folder / name) << "an array";
  const std::string single = fmt::format(
                        "'{}' {} --masks '{{participant_id}}/mask.nii' --voxel 20 --overwrite --not-in '{}'", root,
                        files, other),
                    stack = fmt::format("'{}' --stack maps.npy --ids ids.npy --overwrite", root);
  const std::vector<std::pair<std::string, std::string>> inputs = {{single, root + "/participants.tsv"},
                                                                   {single, root + "/participants.json"},
                                                                   {single, root + "/sub-1/sub-1_mre.nii.gz"},
                                                                   {single, root + "/sub-1/mask.nii"},
                                                                   {single, other},
                                                                   {stack, root + "/maps.npy"},
                                                                   {stack, root + "/ids.npy"}};
  for (const auto& [command, input] : inputs) {
    CAPTURE(input);
    const std::string before = read_input(input, 1 << 20);
    for (const std::string& out : {"--out '" + input + "'", "--out new.h5 --report '" + input + "'"}) {
      const Finished refused = run("import_cohort", command + " " + out);
      CAPTURE(refused.text);
      CHECK(refused.code == 2);
      CHECK(refused.says("would replace an input file"));
      CHECK(read_input(input, 1 << 20) == before);
    }
  }
  const Finished same = run("import_cohort", import_of(study, "--overwrite --report '" + other + "'"));
  CHECK(same.code == 2);
  CHECK_MESSAGE(same.says("two outputs would be written to this file"), same.text);
}

TEST_CASE("import_cohort: sampling, modality and layout are those of the command, and lost data are reported") {
  const Study study;
  const auto attributes = [&](const std::string& more) {
    const Finished done = run("import_cohort", import_of(study, "--overwrite " + more));
    REQUIRE_MESSAGE(done.code == 0, done.text);
    const CohortFile file(study.out.string());
    return file.modality() + " " + name_of(file.sampling());
  };
  CHECK(attributes("") == "mre measured");
  CHECK(attributes("--sampling nearest") == "mre nearest");
  CHECK(attributes("--modality t1") == "t1 linear");
  CHECK(attributes("--modality t1 --sampling measured") == "t1 measured");
  const Finished other = run("import_cohort", fmt::format("'{}' --layout openbhb --check", study.folder.string()));
  CHECK(other.code == 3);
  CHECK_MESSAGE(other.says("in the folders where OpenBHB has it"), other.text);
  SpatialVolume moved = sample_map(2);
  moved.affine.m[0][3] += 80;
  study.write_map(2, moved);
  const Finished lossy = run("import_cohort", import_of(study, "--overwrite"));
  CHECK(lossy.code == 0);
  CHECK_MESSAGE(lossy.says("more than 5 % of "), lossy.text);
}

TEST_CASE("import_cohort: --check writes nothing and ends like the import") {
  const Study study;
  Finished done = run("import_cohort", import_of(study, "--check"));
  CHECK(done.code == 0);
  CHECK(done.says("no problems: 3 maps"));
  study.write_table("participant_id\tage\nsub-1\t-1\nsub-2\t20\nsub-3\tn/a\n");
  for (const char* check : {"--check", ""}) {
    done = run("import_cohort", import_of(study, check));
    CAPTURE(done.text);
    CHECK(done.code == 3);
    CHECK(done.says("error: "));
    CHECK(done.says("2 problems"));
    CHECK(done.says("participants.tsv:2 (sub-1): the age is -1"));
    CHECK(done.says("participants.tsv:4 (sub-3): the age is missing"));
    CHECK(files_in(study.out.parent_path()) == 1);
  }
}

TEST_CASE("import_cohort: a map in pascal and a scan under two ids are refused, with file, id, value and cause") {
  const Study study;
  SpatialVolume pascal = sample_map(2);
  for (float& v : pascal.volume.values) v *= 1000;
  study.write_map(2, pascal);
  study.write_map(3, sample_map(1));
  for (const char* check : {"--check", ""}) {
    const Finished done = run("import_cohort", import_of(study, check));
    CAPTURE(done.text);
    CHECK(done.code == 3);
    CHECK(done.says("2 problems"));
    CHECK(done.says("sub-2/sub-2_mre.nii.gz (sub-2): mean "));
    CHECK(done.says("pascal among kilopascals? Fix the map, or --exclude sub-2, or --allow-outliers."));
    CHECK(done.says("sub-1_mre.nii.gz (sub-1): every voxel is that of sub-3: one scan under two ids?"));
    CHECK(files_in(study.out.parent_path()) == 1);
  }
  const Finished done = run("import_cohort", import_of(study, "--allow-outliers"));
  CAPTURE(done.text);
  CHECK(done.code == 0);
  CHECK(done.says("warning: 1 map differs from the cohort in intensity: sub-2 (mean "));
  CHECK(done.says("warning: 1 map is equal to another: sub-1 (every voxel is that of sub-3"));
  const std::string report = read_input(study.out.parent_path() / "cohort-import.csv", 1 << 20);
  CHECK(report.find(",outside_of_grid,differs\n") != std::string::npos);
  CHECK(report.find(",0.0000,every voxel is that of sub-3: one scan under two ids?\n") != std::string::npos);
}

TEST_CASE("import_cohort: a map that cannot be read does not hide those that do not belong") {
  const Study study;
  fs::resize_file(study.file(3), fs::file_size(study.file(3)) / 2);  // the first in the table
  study.write_map(2, sample_map(1));
  const Finished done = run("import_cohort", import_of(study, "--check"));
  CAPTURE(done.text);
  CHECK(done.code == 3);
  CHECK(done.says("2 problems"));
  CHECK(done.says("sub-2/sub-2_mre.nii.gz (sub-2): every voxel is that of sub-1"));
}

TEST_CASE("import_cohort: a damaged file gives exit code 4, a wrong command 2, a full disk 8; no file is left") {
  const Study study;
  CHECK(run("import_cohort", "").code == 2);
  CHECK(run("import_cohort", fmt::format("'{}' {}", study.folder.string(), files)).code == 2);  // no --out
  CHECK(run("import_cohort", import_of(study, "--layout dicom")).code == 2);
  Finished done = run("import_cohort", import_of(study), "trap '' XFSZ; ulimit -f 2; ");
  CAPTURE(done.text);
  CHECK(done.code == 8);
  fs::resize_file(study.file(2), fs::file_size(study.file(2)) / 2);
  done = run("import_cohort", import_of(study));
  CHECK(done.code == 4);
  CHECK(done.says("sub-2/sub-2_mre.nii.gz"));
  CHECK(files_in(study.out.parent_path()) == 1);
}

TEST_CASE("import_cohort: a stack of 12 GB is imported in an address space of 2 GB") {
  const Study study("large");
  const Shape shape = {3227, 1, 91, 109, 91};
  const std::string header = npy_header("<f4", false, shape);
  const std::size_t row = 4 * 91 * 109 * 91;
  const std::string stack = (study.folder / "train_quasiraw_2mm.npy").string();
  write_bytes(stack, header);
  fs::resize_file(stack, header.size() + 3227 * row);  // sparse
  std::vector<std::string> ids;
  for (int k = 0; k < 3227; ++k) ids.push_back(std::to_string(347371779112 + k));
  write_npy_texts((study.folder / "participants_id.npy").string(), ids);
  const Volume map = noise_volume({91, 109, 91}), other = noise_volume({91, 109, 91}, 2);
  for (const std::size_t k : {std::size_t{0}, std::size_t{3226}}) {
    std::fstream out(stack, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(header.size() + k * row));
    out.write(reinterpret_cast<const char*>((k ? other : map).values.data()), static_cast<std::streamsize>(row));
  }
  study.write_table("participant_id\tage\n" + ids[3226] + "\t30\n" + ids[0] + "\t20\n");
  const Finished done = run("import_cohort",
                            fmt::format("'{}' --stack train_quasiraw_2mm.npy --ids participants_id.npy --npy-axes LAS "
                                        "--modality t1 --allow-unused --out '{}'",
                                        study.folder.string(), study.out.string()),
                            "ulimit -v 2000000; ");
  CAPTURE(done.text);
  CHECK(done.code == 0);
  const CohortFile cohort(study.out.string());
  const Index first = cohort.subject(0).id == ids[0] ? 0 : 1;  // subjects are in the order of their ids
  CHECK(cohort.subject(first).id == ids[0]);
  const Volume read = cohort.volume(first);
  CHECK(read.values[voxel_index(read, 0, 1, 2)] == map.values[voxel_index(map, 90, 1, 2)]);
}

TEST_CASE("export_cohort: writes a folder of NIfTI files, and prints the option that imports it") {
  const Study study;
  REQUIRE(run("import_cohort", import_of(study)).code == 0);
  const fs::path folder = study.out.parent_path() / "exported";
  const Finished done = run("export_cohort", fmt::format("'{}' '{}'", study.out.string(), folder.string()));
  CAPTURE(done.text);
  CHECK(done.code == 0);
  CHECK(done.says("--files '{participant_id}/mre/{participant_id}_stiffness.nii.gz'"));
  CHECK(fs::exists(folder / "sub-3/mre/sub-3_stiffness.nii.gz"));
  CHECK(run("export_cohort", fmt::format("'{}' '{}'", study.out.string(), folder.string())).code == 9);
  CHECK(run("export_cohort", "/nowhere.h5 x").code == 3);
}
