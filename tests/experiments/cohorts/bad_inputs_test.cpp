// SPDX-License-Identifier: Apache-2.0
// All problems of a laboratory's files are reported with file, row and a fix; nothing is written.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <functional>
#include <limits>

#include "tests/data/formats/raw_h5.h"
#include "tests/experiments/cohorts/sample_study.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

struct Bad {
  std::string name;
  std::function<void(Study&)> spoil;
  std::vector<std::string> words;
  ErrorKind kind = ErrorKind::data;
};

void check_refused(const Bad& bad) {
  CAPTURE(bad.name);
  Study study;
  bad.spoil(study);
  check_fails([&] { study.import(); }, bad.kind, bad.words);
  check_fails([&] { import_cohort(study.options, "", silent()); }, bad.kind, bad.words);
  for (const auto& entry : fs::directory_iterator(study.out.parent_path())) CHECK(entry.path() == study.folder);
}

/// A table whose second row is this one.
std::function<void(Study&)> with_row(const std::string& row) {
  return [row](Study& s) { s.write_table("participant_id\tage\tsex\nsub-1\t30\tF\n" + row + "\nsub-3\t50\tM\n"); };
}

std::function<void(Study&)> with_voxel(float value) {
  return [value](Study& s) {
    SpatialVolume map = sample_map(2);
    map.volume.values[voxel_index(map.volume, 3, 4, 5)] = value;
    s.write_map(2, map);
  };
}

/// Map 2 with the value `inside` in all voxels that are not 0.
std::function<void(Study&)> with_constant(float inside) {
  return [inside](Study& s) {
    SpatialVolume map = sample_map(2);
    for (float& v : map.volume.values) v = v != 0 ? inside : 0;
    s.write_map(2, map);
  };
}

/// Changes bytes of map 2's header, in a file that is not packed.
std::function<void(Study&)> with_header(const std::function<void(std::string&)>& change) {
  return [change](Study& s) {
    s.options.files = "{participant_id}/{participant_id}.nii";
    for (const int k : {1, 2, 3}) {
      fs::remove(s.file(k));
      const fs::path file = s.file(k).parent_path() / fmt::format("sub-{}.nii", k);
      write_nifti(file, sample_map(static_cast<std::uint64_t>(k)));
      if (k != 2) continue;
      std::string bytes(fs::file_size(file), '\0');
      std::ifstream(file, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      change(bytes);
      std::ofstream(file, std::ios::binary) << bytes;
    }
  };
}

template <class T>
void put(std::string& bytes, std::size_t at, T value) {
  bytes.replace(at, sizeof value, reinterpret_cast<const char*>(&value), sizeof value);
}

constexpr std::size_t dim_at = 40, qform_code_at = 252, sform_code_at = 254, srow_x_at = 280;

/// Replaces map 2's file.
std::function<void(Study&)> in_place(const std::function<void(const fs::path&)>& make) {
  return [make](Study& s) {
    fs::remove(s.file(2));
    make(s.file(2));
  };
}

void in_parts(Study& s, const std::string& second_table) {
  s.options.parts = {"train", "test"};
  s.options.files = "{part}/{participant_id}.nii";
  s.options.table = "{part}.tsv";
  for (const char* part : {"train", "test"}) fs::create_directories(s.folder / part);
  s.write_table("participant_id\tage\nsub-1\t30\nsub-2\t40\n", "train.tsv");
  s.write_table(second_table, "test.tsv");
  for (const char* file : {"train/sub-1.nii", "train/sub-2.nii", "test/sub-3.nii"})
    write_nifti(s.folder / file, sample_map(1));
}

const std::string in_row = "participants.tsv:3 (sub-2)", in_file = "sub-2/sub-2_mre.nii.gz";

}  // namespace

TEST_CASE("import refuses: ids that are missing, duplicated or unused, with row and fix") {
  for (const Bad& bad : std::vector<Bad>{
           {"no id", with_row("n/a\t40\tF"), {"participants.tsv:3", "participant_id is missing"}},
           {"twice",
            with_row("sub-3\t40\tF"),
            {"participants.tsv:4 (sub-3)", "participants.tsv:3 (sub-3) has the same id"}},
           {"twice, without sub-", with_row("3\t40\tF"), {"participants.tsv:4 (sub-3)", "participants.tsv:3 (3)"}},
           {"no map", with_row("sub-9\t40\tF"), {"participants.tsv:3 (sub-9)", "no map", "--exclude sub-9"}},
           {"no row", with_row("sub-9\t40\tF"), {in_file + ": no row", "--allow-unused"}},
           {"excluded who is not there", [](Study& s) { s.options.exclude = {"sub-7"}; }, {"--exclude", "sub-7"}}})
    check_refused(bad);
}

TEST_CASE("import refuses: ages that are missing, negative, not a number or above 130 years") {
  for (const auto& [age, word] : std::vector<std::pair<std::string, std::string>>{{"n/a", "missing"},
                                                                                  {"", "missing"},
                                                                                  {"NaN", "missing"},
                                                                                  {"-3", "-3"},
                                                                                  {"131", "131"},
                                                                                  {"20-25", "\"20-25\""},
                                                                                  {"inf", "\"inf\""},
                                                                                  {"thirty", "\"thirty\""}})
    check_refused({age, with_row("sub-2\t" + age + "\tF"), {in_row, word, "--exclude sub-2"}});
  check_refused({"sex", with_row("sub-2\t40\t2"), {in_row, "the sex is \"2\"", "--female 2"}});
}

TEST_CASE("import refuses: a participant in two parts, with separate tables or a common one, or in another cohort") {
  check_refused({"two tables",
                 [](Study& s) { in_parts(s, "participant_id\tage\nsub-3\t30\n2\t40\n"); },
                 {"test.tsv:3 (2)", "also in part \"train\"", "train.tsv:3 (sub-2)"}});
  check_refused({"one table",
                 [](Study& s) {
                   in_parts(s, "participant_id\tage\nsub-3\t30\n");
                   s.options.table = "participants.tsv";
                   write_nifti(s.folder / "test/sub-2.nii", sample_map(5));
                 },
                 {"(sub-2)", "train/sub-2.nii", "test/sub-2.nii", "Keep each participant in one part"}});
  Study other("other");
  other.import();
  check_refused({"another cohort",
                 [&](Study& s) { s.options.not_in = other.out.string(); },
                 {"participants.tsv:4 (sub-2)", other.out.string(), "--exclude sub-2"}});
  Study spelt("spelt");  // as a phantom's id and that of its export
  spelt.write_table("participant_id\tage\nA-1\t30\n");
  spelt.write_map(1, sample_map(9));
  fs::create_directories(spelt.folder / "A-1");
  fs::rename(spelt.file(1), spelt.folder / "A-1" / "A-1_mre.nii.gz");
  spelt.options.allow_unused = true;
  spelt.import();
  check_refused({"another cohort, another spelling",
                 [&](Study& s) {
                   s.options.not_in = spelt.out.string();
                   s.write_table("participant_id\tage\nsub-A1\t30\n");
                 },
                 {"participants.tsv:2 (sub-A1)", spelt.out.string()}});
}

TEST_CASE("import refuses: maps that are constant, empty, a mask, or contain NaN or infinity, with the voxel") {
  for (const Bad& bad : std::vector<Bad>{
           {"empty", with_constant(0), {in_file, "all voxels are 0"}},
           {"mask", with_constant(1), {in_file, "all voxels are 0 or 1: a constant map, or a mask"}},
           {"NaN", with_voxel(std::nanf("")), {in_file, "voxel 3, 4, 5 is nan", "--nan-is-zero"}},
           {"infinity", with_voxel(std::numeric_limits<float>::infinity()), {in_file, "voxel 3, 4, 5 is inf"}},
           {"elsewhere",
            [](Study& s) {
              SpatialVolume map = sample_map(2);
              map.affine = Affine::scale({2, 2, 2}, {5000, 0, 0});
              s.write_map(2, map);
            },
            {in_file, "all data of the map is outside of the MNI grid"}}})
    check_refused(bad);
}

TEST_CASE("import refuses: sform and qform that exchange left and right, and files without an orientation") {
  check_refused(
      {"flip",
       with_header([](std::string& b) { put(b, srow_x_at, -20.0f); }),
       {"sub-2/sub-2.nii", "voxel axis 1 points left by the sform, right by the qform", "mirror image", "fslorient"}});
  check_refused({"no orientation",
                 with_header([](std::string& b) {
                   put(b, qform_code_at, short{0});
                   put(b, sform_code_at, short{0});
                 }),
                 {"sub-2/sub-2.nii", "which side is left is unknown", "set the sform"}});
  check_refused({"mask",
                 [](Study& s) {
                   with_header([](std::string& b) { put(b, srow_x_at, -20.0f); })(s);
                   s.options.masks = s.options.files;
                   s.options.files = "{participant_id}/{participant_id}_mre.nii.gz";
                   for (const int k : {1, 2, 3}) s.write_map(k, sample_map(1));
                 },
                 {in_file, "the mask sub-2.nii", "mirror image"}});
  check_refused({"npy",
                 [](Study& s) {
                   s.make_stack();
                   s.options.npy_axes.clear();
                 },
                 {"maps.npy, row 0 (sub-1)", "the direction of the x axis", "--npy-axes"}});
}

TEST_CASE("import refuses: wrong shapes, in NIfTI, files of numpy and stacks") {
  check_refused({"four volumes",
                 with_header([](std::string& b) {
                   put(b, dim_at, short{4});
                   put(b, dim_at + 8, short{4});
                 }),
                 {"sub-2/sub-2.nii", "4 volumes"}});
  check_refused({"npy",
                 [](Study& s) {
                   s.make_stack();
                   write_npy((s.folder / "maps.npy").string(), {3, 2, 2, 2}, std::vector<float>(24, 1));
                 },
                 {"maps.npy, row 2 (sub-3)", "[2, 2, 2]", "[91, 109, 91]"}});
  check_refused({"ids",
                 [](Study& s) {
                   s.make_stack();
                   write_npy_texts((s.folder / "ids.npy").string(), {"sub-1", "sub-2"});
                 },
                 {"ids.npy", "2 ids, expected one for each of the 3 maps"}});
  check_refused({"an id twice in the stack",
                 [](Study& s) {
                   s.make_stack();
                   write_npy_texts((s.folder / "ids.npy").string(), {"sub-1", "sub-2", "2"});
                 },
                 {"ids.npy: row 2", "\"2\", as row 1 has"}});
  check_refused({"pickled ids",
                 [](Study& s) {
                   s.make_stack();
                   write_bytes((s.folder / "ids.npy").string(), npy_header("|O", false, {3}) + "\x80\x04.");
                 },
                 {"ids.npy", "never read"}});
}

TEST_CASE("import refuses: paths that are absolute, go up, or leave the folder by a link") {
  const fs::path elsewhere = fs::temp_directory_path() / fmt::format("cg-test-{}-elsewhere", getpid());
  for (const Bad& bad : std::vector<Bad>{
           {"absolute",
            [](Study& s) { s.options.files = (s.folder / "{participant_id}.nii").string(); },
            {"absolute path"}},
           {"up", [](Study& s) { s.options.files = "../{participant_id}.nii"; }, {"\"..\" in the path leads out"}},
           {"an id that leads up",
            with_row("../sub-2\t40\tF"),
            {"participants.tsv:3 (../sub-2)", "\"..\" in the path leads out"}},
           {"the table", [](Study& s) { s.options.table = "../participants.tsv"; }, {"\"..\" in the path leads out"}},
           {"a link",
            in_place([](const fs::path& p) { fs::create_symlink("/etc/hostname", p); }),
            {in_file, "symbolic link in the path leads out", "/etc/hostname"}},
           {"a linked folder",
            [&](Study& s) {
              fs::remove_all(elsewhere);
              fs::rename(s.file(2).parent_path(), elsewhere);
              fs::create_directory_symlink(elsewhere, s.file(2).parent_path());
            },
            {in_file, "symbolic link in the path leads out"}}})
    check_refused(bad);
  fs::remove_all(elsewhere);
}

TEST_CASE("import refuses: pipes, folders, empty files, other files, and files that cannot be read") {
  for (const Bad& bad :
       std::vector<Bad>{{"pipe", in_place([](const fs::path& p) { mkfifo(p.c_str(), 0600); }), {in_file, "a pipe"}},
                        {"folder", in_place([](const fs::path& p) { fs::create_directory(p); }), {in_file, "a folder"}},
                        {"empty", in_place([](const fs::path& p) { std::ofstream{p}; }), {in_file, "empty"}},
                        {"a dangling link",
                         in_place([](const fs::path& p) { fs::create_symlink("gone", p); }),
                         {in_file, "a symbolic link to gone, which does not exist"}},
                        {"text",
                         in_place([](const fs::path& p) { std::ofstream(p) << "Dear all, please find"; }),
                         {in_file, "not a NIfTI or .npy file"}},
                        {"cut",
                         in_place([](const fs::path& p) {
                           write_nifti(p, sample_map(2));
                           fs::resize_file(p, fs::file_size(p) / 2);
                         }),
                         {in_file, "incomplete"},
                         ErrorKind::corrupt}})
    check_refused(bad);
  const bool root = geteuid() == 0;
  Study study;
  fs::permissions(study.file(2), fs::perms::none);
  if (root) REQUIRE(seteuid(65534) == 0);  // root may read everything
  check_fails([&] { import_cohort(study.options, "", silent()); }, ErrorKind::data, {in_file, "Permission denied"});
  if (root) REQUIRE(seteuid(0) == 0);
}

TEST_CASE("import refuses: missing tables and folders, columns with other names") {
  for (const Bad& bad :
       std::vector<Bad>{{"no folder", [](Study& s) { s.options.root = "/nowhere"; }, {"/nowhere", "no such folder"}},
                        {"no table", [](Study& s) { s.options.table = "people.tsv"; }, {"people.tsv", "no such file"}},
                        {"no column",
                         [](Study& s) { s.options.age_column = "Age"; },
                         {"there is no column \"Age\"", "participant_id, age"}},
                        {"ragged", with_row("sub-2\t40"), {"line 3: 2 cells, expected 3"}},
                        {"no maps at all",
                         [](Study& s) {
                           s.options.files = "maps/{participant_id}.nii";
                           s.options.allow_missing = true;
                         },
                         {"no file fits --files 'maps/{participant_id}.nii', for none of 3 participants",
                          "There is sub-1/sub-1_mre.nii.gz"}}})
    check_refused(bad);
}

TEST_CASE("import: a table that cannot be read is the only problem, and maps without a row are not reported") {
  Study study;
  study.write_table("participant_id\tage\nsub-1\n");
  std::string told;
  try {
    study.import();
  } catch (const Error& error) {
    told = error.what();
  }
  CHECK(told.find("line 2: 1 cells, expected 2") != std::string::npos);
  CHECK(told.find("no row") == std::string::npos);
}

TEST_CASE("import refuses: options that contradict each other") {
  for (const Bad& bad :
       std::vector<Bad>{{"nothing", [](Study& s) { s.options.files.clear(); }, {"--files"}},
                        {"both", [](Study& s) { s.options.stack = s.options.ids = "x.npy"; }, {"--files"}},
                        {"one file for all", [](Study& s) { s.options.files = "map.nii"; }, {"{participant_id}"}},
                        {"no parts", [](Study& s) { s.options.table = "{part}.tsv"; }, {"--parts"}},
                        {"parts alike",
                         [](Study& s) {
                           s.options.parts = {"a", "b"};
                         },
                         {"names the same files for all parts"}},
                        {"axes", [](Study& s) { s.options.npy_axes = "SRA"; }, {"RAS or LAS"}},
                        {"voxels", [](Study& s) { s.options.voxel_mm = 0; }, {"voxel size"}}}) {
    Bad usage = bad;
    usage.kind = ErrorKind::usage;
    check_refused(usage);
  }
}

TEST_CASE("import: all problems are reported together") {
  Study study;
  study.write_table("participant_id\tage\nsub-1\t-1\nsub-2\t40\nsub-2\t41\nsub-9\t50\n");
  study.write_map(2, {{{2, 2, 2}, std::vector<float>(8, 3)}, mni_grid(coarse).affine});
  fs::remove(study.file(1));
  std::ofstream(study.file(1)) << "no volume";
  check_fails([&] { study.import(); }, ErrorKind::data,
              {"6 problems", "the age is -1 years", "has the same id", "sub-9_mre.nii.gz does not exist",
               "sub-3/sub-3_mre.nii.gz: no row", "sub-1_mre.nii.gz: the file is not a NIfTI or .npy file",
               "all voxels are 0 or 3: a constant map"});
}

TEST_CASE("import: what is ignored in a map or in its mask is a warning") {
  Study study("ignored");
  for (const int k : {1, 2, 3}) write_nifti(study.file(k).parent_path() / "mask.nii.gz", sample_map(1));
  study.options.masks = "{participant_id}/mask.nii.gz";
  std::ofstream(study.file(2).parent_path() / "mask.nii.gz", std::ios::app | std::ios::binary) << "junk";
  CHECK(
      study.import().warnings ==
      std::vector<std::string>{"sub-2/sub-2_mre.nii.gz: the mask mask.nii.gz: 4 bytes behind the end of the gzip data "
                               "were ignored"});
  std::ofstream(study.file(2), std::ios::app | std::ios::binary) << "more junk";
  CHECK(study.import().warnings.at(0) ==
        "sub-2/sub-2_mre.nii.gz: 9 bytes behind the end of the gzip data were ignored; the mask mask.nii.gz: 4 bytes "
        "behind the end of the gzip data were ignored");
}
