// SPDX-License-Identifier: Apache-2.0
// Several sessions of a participant, patterns that find nothing, and ages in another unit than years.
#include <doctest/doctest.h>

#include <functional>

#include "data/cohort_h5.h"
#include "data/files/input_file.h"
#include "data/formats/hdf5_file.h"
#include "experiments/cohorts/export.h"
#include "experiments/cohorts/near_file.h"
#include "tests/experiments/cohorts/sample_study.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// Sessions of two participants in BIDS's folders; sub-2 has one.
struct Sessions : Study {
  explicit Sessions(const std::string& name) : Study(name) {
    for (const int k : {1, 2, 3}) fs::remove_all(file(k).parent_path());
    add("sub-1", "ses-01", 1);
    add("sub-1", "ses-02", 2);
    add("sub-2", "ses-01", 3);
    write_table("participant_id\tage\nsub-2\t60\nsub-1\t40\n");
    options.files = "{participant_id}/{session}/anat/{participant_id}_{session}_T1w.nii.gz";
  }
  void add(const std::string& id, const std::string& session, std::uint64_t seed) const {
    const fs::path path = folder / id / session / "anat" / (id + "_" + session + "_T1w.nii.gz");
    fs::create_directories(path.parent_path());
    write_nifti(path, sample_map(seed));
  }
  Imported import() const { return import_cohort(options, out, silent(), 1); }
  std::vector<std::string> ids() const {
    const CohortFile cohort(out.string());
    std::vector<std::string> all;
    for (Index i = 0; i < cohort.size(); ++i)
      all.push_back(cohort.subject(i).id + " " + cohort.subject(i).person + " " +
                    std::to_string(std::lround(cohort.subject(i).age * 10)));
    return all;
  }
  void refuses(const std::vector<std::string>& words) const {
    check_fails([&] { import(); }, ErrorKind::data, words);
    CHECK_FALSE(fs::exists(out));
  }
};

}  // namespace

TEST_CASE("import: each session is a scan of its own, of one person") {
  Sessions study("sessions");
  CHECK(study.import().maps == 3);
  CHECK(study.ids() ==
        std::vector<std::string>{"sub-1_ses-01 sub-1 400", "sub-1_ses-02 sub-1 400", "sub-2_ses-01 sub-2 600"});
  fs::remove(study.out);
  study.options.files = "{participant_id}/ses-{session}/anat/*_ses-{session}_T1w.nii.gz";
  CHECK(study.import().maps == 3);
  CHECK(study.ids()[1] == "sub-1_ses-02 sub-1 400");
  fs::remove(study.out);
  study.write_table("participant_id\tsession_id\tage\nsub-1\tses-01\t40\nsub-1\t02\t42.5\nsub-2\tses-01\t60\n");
  CHECK(study.import().maps == 3);
  CHECK(study.ids() ==
        std::vector<std::string>{"sub-1_ses-01 sub-1 400", "sub-1_ses-02 sub-1 425", "sub-2_ses-01 sub-2 600"});
  fs::remove(study.out);
  study.options.exclude = {"sub-1_ses-01"};
  CHECK(study.import().maps == 2);
}

TEST_CASE("import: a row without a session, also one with n/a, is that of all sessions, and stands alone") {
  Sessions study("without-session");
  const std::string header = "participant_id\tsession_id\tage\n";
  study.write_table(header + "sub-1\tn/a\t40\nsub-2\tses-01\t60\n");
  CHECK(study.import().maps == 3);
  CHECK(study.ids() ==
        std::vector<std::string>{"sub-1_ses-01 sub-1 400", "sub-1_ses-02 sub-1 400", "sub-2_ses-01 sub-2 600"});
  fs::remove(study.out);
  study.write_table(header + "sub-1\tn/a\t40\nsub-1\tses-01\t41\nsub-1\tses-01\t42\nsub-2\t01\t60\nsub-2\t-\t61\n");
  study.refuses(
      {"3 problems", "participants.tsv:3 (sub-1_ses-01): the row names a session, but participants.tsv:2",
       "participants.tsv:4 (sub-1_ses-01): the row names a session, but participants.tsv:2",
       "participants.tsv:6 (sub-2): the row names no session, but participants.tsv:5 (sub-2_ses-01) names one"});
}

TEST_CASE("import refuses: sessions of a participant in two parts, with separate tables or a common one") {
  Sessions study("session-parts");
  study.add("sub-1", "ses-03", 5);
  fs::create_directories(study.folder / "train");
  fs::create_directories(study.folder / "test/sub-1");
  fs::rename(study.folder / "sub-1/ses-03", study.folder / "test/sub-1/ses-03");
  fs::rename(study.folder / "sub-1", study.folder / "train/sub-1");
  fs::rename(study.folder / "sub-2", study.folder / "test/sub-2");
  study.options.parts = {"train", "test"};
  study.options.files = "{part}/" + study.options.files;
  study.options.table = "{part}.tsv";
  const std::string header = "participant_id\tsession_id\tage\n", both = "sub-1\tses-01\t40\nsub-1\tses-02\t41\n",
                    other = "sub-1\tses-03\t42\nsub-2\tses-01\t60\n";
  study.write_table(header + both, "train.tsv");
  study.write_table(header + other, "test.tsv");
  study.refuses({"test.tsv:2 (sub-1_ses-03): the participant is also in part \"train\", train.tsv:2"});
  study.options.table = "participants.tsv";
  study.write_table(header + both + other);
  study.refuses({"1 problem", "participants.tsv:4 (sub-1_ses-03)", "train/sub-1/ses-01", "test/sub-1/ses-03",
                 "Keep each participant in one part"});
}

TEST_CASE("import: --exclude leaves out one scan, also if the table has one row per participant") {
  Sessions study("exclude-scan");
  study.options.exclude = {"sub-1_ses-01"};
  CHECK(study.import().maps == 2);
  CHECK(study.ids() == std::vector<std::string>{"sub-1_ses-02 sub-1 400", "sub-2_ses-01 sub-2 600"});
  fs::remove(study.out);
  study.options.exclude = {"1_ses-01", "sub-1_ses-02"};  // all scans of a participant: its row is skipped too
  CHECK(study.import().maps == 1);
  CHECK(study.import().left_out.empty());
  fs::remove(study.out);
  study.options.exclude = {"sub-1_ses-03"};
  study.refuses({"1 problem", "no participant and no scan \"sub-1_ses-03\""});
  study.add("sub-9", "ses-01", 9);
  study.options.exclude = {};
  study.refuses({"1 problem", "no row in participants.tsv for \"sub-9_ses-01\"", "--exclude sub-9_ses-01"});
  study.options.exclude = {"sub-9_ses-01"};  // as the message says
  CHECK(study.import().maps == 3);
}

TEST_CASE("import: an excluded map is not compared with the others, of files and of a stack") {
  Sessions study("exclude-equal");
  study.add("sub-1", "ses-02", 3);  // as sub-2_ses-01
  study.refuses({"--exclude sub-1_ses-02"});
  study.options.exclude = {"sub-1_ses-02"};  // as the message says
  CHECK(study.import().maps == 2);
  Study stack("exclude-row");
  stack.make_stack();
  stack.write_table("participant_id\tage\nsub-1\t20\nsub-3\t40\n");
  stack.options.exclude = {"sub-2"};
  CHECK(stack.import().maps == 2);
}

TEST_CASE("export, import: scans of one person stay scans of one person, each with its session, age and map") {
  Sessions study("sessions-back");
  study.write_table("participant_id\tsession_id\tage\nsub-1\tses-01\t40\nsub-1\t02\t42.5\nsub-2\tses-01\t60\n");
  study.import();
  const std::vector<std::string> ids = study.ids();
  const fs::path folder = study.out.parent_path() / "bids";
  {
    const CohortFile before(study.out.string());
    CHECK(exported_files(before) == "{participant_id}/{session}/mre/{participant_id}_{session}_stiffness.nii.gz");
    export_cohort(before, folder, silent());
    study.options.files = exported_files(before);
  }
  CHECK(fs::exists(folder / "sub-1/ses-02/mre/sub-1_ses-02_stiffness.nii.gz"));
  study.options.root = folder;
  fs::remove(study.out);
  CHECK(study.import().maps == 3);
  CHECK(study.ids() == ids);
  const CohortFile after(study.out.string());
  for (Index i = 0; i < 3; ++i)
    CHECK(after.volume(i).values == sample_map(static_cast<std::uint64_t>(i + 1)).volume.values);
}

TEST_CASE("export: with sessions every scan gets one, and two scans with the same labels are refused") {
  const Sessions study("sessions-of-others");
  const auto exported = [&](const std::vector<std::string>& ids, const std::vector<std::string>& persons) {
    H5Writer writer(study.out.string());
    const auto n = static_cast<Index>(ids.size());
    std::vector<float> maps;
    for (Index k = 0; k < 8 * n; ++k) maps.push_back(static_cast<float>(k));
    writer.floats("maps", {n, 1, 2, 2, 2}, maps);
    writer.numbers("age", {n}, std::vector<double>(ids.size(), 30));
    writer.strings("participant_id", ids);
    writer.strings("person", persons);
    writer.attribute("voxel_mm", 8);
    writer.commit();
    const fs::path folder = study.out.parent_path() / "others";
    fs::remove_all(folder);
    export_cohort(CohortFile(study.out.string()), folder, silent());
    return read_input(folder / "participants.tsv", 1 << 20);
  };
  CHECK(exported({"a7", "b", "p-late", "x"}, {"p", "b", "p", ""}) ==
        "participant_id\tsession_id\tage\tsex\tstudy\nsub-p\tses-a7\t30\tn/a\tn/a\nsub-b\tses-1\t30\tn/a\tn/a\n"
        "sub-p\tses-late\t30\tn/a\tn/a\nsub-x\tses-1\t30\tn/a\tn/a\n");
  check_fails(
      [&] {
        exported({"p_ses-1", "p_ses-.1"}, {"p", "p"});
      },
      ErrorKind::data, {"\"p_ses-.1\" and \"p_ses-1\" would both be exported as sub-p_ses-1"});
  check_fails(
      [&] {
        exported({"a", "b"}, {"p.1", "p1"});
      },
      ErrorKind::data, {"\"a\" and \"b\" would both be exported as sub-p1"});
}

TEST_CASE("import refuses: a session without a row or without a map, two rows of a session, two maps of one scan") {
  Sessions study("bad-sessions");
  study.write_table("participant_id\tsession_id\tage\nsub-1\tses-01\t40\nsub-2\tses-01\t60\n");
  study.refuses({"sub-1_ses-02", "no row in participants.tsv for \"sub-1_ses-02\""});
  study.write_table(
      "participant_id\tsession_id\tage\nsub-1\tses-01\t40\nsub-1\tses-02\t40\nsub-2\tses-01\t60\nsub-2\tses-02\t60\n");
  study.refuses({"participants.tsv:5 (sub-2_ses-02)", "sub-2/ses-02/anat/sub-2_ses-02_T1w.nii.gz does not exist"});
  study.write_table("participant_id\tsession_id\tage\nsub-1\tses-01\t40\nsub-1\tses-02\t40\nsub-1\t02\t41\n");
  study.refuses({"participants.tsv:4 (sub-1_ses-02)", "participants.tsv:3 (sub-1_ses-02) has the same id"});
  study.write_table("participant_id\tage\nsub-1\t40\nsub-2\t60\n");
  study.options.files = "{participant_id}/ses-*/anat/{participant_id}_ses-*_T1w.nii.gz";
  study.refuses({"sub-1/ses-02", "belongs to the same participant", "write {session} in --files"});
  study.options.exclude = {"sub-1"};
  study.write_table("participant_id\tage\nsub-2\t60\nsub-1\t40\n");
  fs::remove_all(study.folder / "sub-1" / "ses-02");
  CHECK(study.import().maps == 1);
}

TEST_CASE("import: a session without a map is named by the id of the scan, and can be skipped alone") {
  Sessions study("missing-session");
  study.write_table(
      "participant_id\tsession_id\tage\nsub-1\tses-01\t40\nsub-1\t02\tn/a\nsub-2\tses-01\t60\nsub-2\t02\t62\n");
  study.refuses({"(sub-1_ses-02): the age is missing", "--exclude sub-1_ses-02.", "(sub-2_ses-02): no map",
                 "--exclude sub-2_ses-02,"});
  study.options.exclude = {"sub-1_ses-02"};
  study.options.allow_missing = true;
  const Imported done = study.import();
  CHECK(done.left_out == std::vector<std::string>{"sub-2_ses-02"});
  CHECK(done.report.find("\nsub-2_ses-02,,") != std::string::npos);
  CHECK(study.ids() == std::vector<std::string>{"sub-1_ses-01 sub-1 400", "sub-2_ses-01 sub-2 600"});
}

TEST_CASE("import: a pattern that finds nothing is one problem, with a file that is there and its pattern") {
  Sessions study("nothing");
  study.options.files = "{participant_id}/anat/{participant_id}_T1w.nii.gz";
  study.refuses({"1 problem", "for none of 2 participants", "There is sub-1/ses-01/anat/sub-1_ses-01_T1w.nii.gz",
                 "--files '{participant_id}/{session}/anat/{participant_id}_{session}_T1w.nii.gz'"});
  study.options.allow_missing = true;
  fs::create_directories(study.folder / ".git/sub-1/anat");
  fs::copy(study.folder / "sub-1/ses-01/anat/sub-1_ses-01_T1w.nii.gz",
           study.folder / ".git/sub-1/anat/sub-1_T1w.nii.gz");
  study.refuses({"1 problem", "There is sub-1/ses-01"});
  study.write_table("participant_id\tage\n1\t40\n2\t60\n");  // ids without sub-
  study.refuses({"--files 'sub-{participant_id}/{session}/anat/sub-{participant_id}_{session}_T1w.nii.gz'"});
  study.write_table("participant_id\tage\nperson7\t40\n");
  study.refuses({"Below the folder there is no NIfTI or .npy file whose name contains a participant's id"});
}

TEST_CASE("import: the pattern that a message recommends gives the named file with the id of its participant") {
  Study study("near");
  for (const int k : {1, 2, 3}) fs::remove_all(study.file(k).parent_path());
  const auto near = [&](const std::string& file, const std::vector<std::string>& ids) {
    fs::create_directories((study.folder / file).parent_path());
    write_nifti(study.folder / file, sample_map(1));
    std::vector<Participant> people;
    for (const std::string& id : ids) people.emplace_back().id = id;
    const auto found = near_file(study.folder, people, "{participant_id}.nii");
    fs::remove_all(study.folder / *fs::path(file).begin());
    return found ? found->pattern : "none";
  };
  CHECK(near("sub-10/sub-10_T1w.nii", {"sub-1", "sub-10"}) == "{participant_id}/{participant_id}_T1w.nii");
  CHECK(near("sub-10/sub-10_T1w.nii", {"1", "10"}) == "sub-{participant_id}/sub-{participant_id}_T1w.nii");
  CHECK(near("sub-10/sub-10_T1w.nii", {"sub-1", "sub-2"}) == "none");
  CHECK(near("maps/a-b_T1w.nii", {"a", "a-b", "b"}) == "maps/{participant_id}_T1w.nii");
  CHECK(near("sub-1/sub-1_run-10.nii", {"sub-1"}) == "{participant_id}/{participant_id}_run-10.nii");
  CHECK(near("maps/x7.nii", {"7"}) == "none");
}

TEST_CASE("import refuses: an unknown placeholder") {
  Sessions study("placeholder");
  const auto refused = [&](const std::string& word) {
    check_fails([&] { study.import(); }, ErrorKind::usage, {word, "{participant_id}, {session}, {part}"});
  };
  study.options.files = "{participant_id}/{session_id}/anat/{participant_id}_{session_id}_T1w.nii.gz";
  refused("{session_id}, which is not a placeholder");
  study.options.files = "{participant_id}/{session}/anat/{participant_id}_T1w.nii.gz";
  study.options.masks = "{id}/mask.nii.gz";
  refused("{id}, which is not a placeholder");
}

TEST_CASE("import: each part's table has the unit of its own .json, and the ages are part of the digest") {
  Study study("units-of-parts");
  study.options.parts = {"one", "two"};
  study.options.table = "{part}.tsv";
  study.options.files = "{participant_id}/{participant_id}_mre.nii.gz";
  fs::create_directories(study.folder / "one");
  fs::create_directories(study.folder / "two");
  for (const int k : {1, 2, 3})
    fs::rename(study.file(k), study.folder / (k == 1 ? "one" : "two") / study.file(k).filename());
  study.options.files = "{part}/{participant_id}_mre.nii.gz";
  study.write_table("participant_id\tage\nsub-1\t60\n", "one.tsv");
  study.write_table("participant_id\tage\nsub-2\t60\nsub-3\t120\n", "two.tsv");
  study.write_table(R"({"age": {"Units": "months"}})", "two.json");
  const std::string digest = study.import().digest;
  const CohortFile cohort(study.out.string());
  CHECK(cohort.subject(0).age == 60);
  CHECK(cohort.subject(1).age == 5);
  CHECK(cohort.subject(2).age == 10);
  study.write_table("{}", "two.json");
  CHECK(study.import().digest != digest);
}

TEST_CASE("import: ages in months, weeks or days become years, by an option or by the table's .json") {
  Study study("units");
  study.write_table("participant_id\tage\nsub-1\t66\nsub-2\t118\nsub-3\t240+\n");
  const auto ages = [&] {
    fs::remove(study.out);
    const Imported done = import_cohort(study.options, study.out, silent(), 1);
    const CohortFile cohort(study.out.string());
    return std::pair(done.age_unit,
                     std::vector<double>{cohort.subject(0).age, cohort.subject(1).age, cohort.subject(2).age});
  };
  study.options.age_unit = "days";
  CHECK(ages().second[0] == doctest::Approx(66 / 365.25).epsilon(1e-5));
  study.options.age_unit = "weeks";
  CHECK(ages().second[0] == doctest::Approx(66 * 7 / 365.25).epsilon(1e-5));
  study.options.age_unit = "";
  study.write_table(R"({"age": {"Description": "age", "Units": "Months"}, "sex": 3})", "participants.json");
  const auto [unit, years] = ages();
  CHECK(years == std::vector<double>{5.5, 9.833333, 20});
  CHECK(unit.name == "months");
  CHECK(unit.from == "participants.json");
  study.options.age_unit = "years";  // the user knows better
  study.write_table("participant_id\tage\nsub-1\t66\nsub-2\t18\nsub-3\t24\n");
  CHECK(ages().second == std::vector<double>{66, 18, 24});
  study.options.age_unit = "";
  for (const char* silent_file : {"{}", R"({"age": {}})", R"({"age": 5})", R"({"age": {"Units": "y"}})"}) {
    study.write_table(silent_file, "participants.json");
    CHECK(ages().second == std::vector<double>{66, 18, 24});
  }
  const auto refused = [&](const std::string& json, const std::vector<std::string>& words) {
    study.write_table(json, "participants.json");
    check_fails([&] { ages(); }, ErrorKind::data, words);
  };
  refused(R"({"age": {"Units": "decades"}})", {"participants.json", "\"decades\"", "--age-unit"});
  refused("[1", {"participants.json", "not a JSON object", "--age-unit"});
  study.options.age_unit = "decades";
  check_fails([&] { ages(); }, ErrorKind::usage, {"--age-unit", "decades"});
}
