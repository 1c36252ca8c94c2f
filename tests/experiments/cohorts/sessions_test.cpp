// SPDX-License-Identifier: Apache-2.0
// Several sessions of a participant, patterns that find nothing, and ages in another unit than years.
#include <doctest/doctest.h>

#include <functional>

#include "data/cohort_h5.h"
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

TEST_CASE("import refuses: a session without a row or without a map, two rows of a session, two maps of one scan") {
  Sessions study("bad-sessions");
  study.write_table("participant_id\tsession_id\tage\nsub-1\tses-01\t40\nsub-2\tses-01\t60\n");
  study.refuses({"sub-1_ses-02", "no row in participants.tsv for \"sub-1_ses-02\""});
  study.write_table(
      "participant_id\tsession_id\tage\nsub-1\tses-01\t40\nsub-1\tses-02\t40\nsub-2\tses-01\t60\nsub-2\tses-02\t60\n");
  study.refuses({"participants.tsv:5 (sub-2_ses-02)", "sub-2/ses-02/anat/sub-2_ses-02_T1w.nii.gz does not exist"});
  study.write_table("participant_id\tsession_id\tage\nsub-1\tses-01\t40\nsub-1\tses-02\t40\nsub-1\t02\t41\n");
  study.refuses({"participants.tsv:4 (sub-1_ses-02)", "the id is also that of participants.tsv:3"});
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
