// SPDX-License-Identifier: Apache-2.0
// Every option of import_cohort that says what a table's columns and words mean, which maps are taken, and which files
// belong to them; and the names in its warnings.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/cohort_h5.h"
#include "tests/experiments/cohorts/sample_study.h"
#include "tests/support/program.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// The sample study's maps as sessions; sub-1 has two. The table's columns and words are those of no other test.
struct Visits : Study {
  Visits() : Study("visits") {
    for (const int k : {1, 2, 3}) fs::rename(file(k), session(k, 1));
    write_nifti(session(1, 2), sample_map(4));
    write_table(
        "ID\tvisit\tmonths\tgender\tsite\tlab\n1\t1\t240\t2\ta\tX\n1\t2\t252\t2\ta\tX\n2\t1\t360\t1\ta\tY\n"
        "3\t1\t480\t1\ta\tY\n",
        "people.tsv");
  }
  fs::path session(int k, int number, const std::string& kind = "mre") const {
    return folder / fmt::format("sub-{0}/sub-{0}_ses-{1}_{2}.nii.gz", k, number, kind);
  }
  Finished run(const std::string& more) const {
    return run_program(out.parent_path().string(), "import_cohort",
                       fmt::format("study --table people.tsv --id-column ID --session-column visit --voxel 20 "
                                   "--files 'sub-{{participant_id}}/*_{{session}}_mre.nii.gz' --age-column months "
                                   "--sex-column gender --out cohort.h5 --overwrite {}",
                                   more));
  }
  static constexpr const char* meanings = "--age-unit months --female 2 --male 1 ";

  std::vector<std::string> subjects() const {
    const CohortFile cohort(out.string());
    std::vector<std::string> all;
    for (Index i = 0; i < cohort.size(); ++i) {
      const Subject& s = cohort.subject(i);
      all.push_back(fmt::format("{} of {}: {} {} {}", s.id, s.person, s.age, s.sex, s.study));
    }
    return all;
  }
};

std::ptrdiff_t with_data(const Volume& map) {
  return std::ranges::count_if(map.values, [](float value) { return value != 0; });
}

}  // namespace

TEST_CASE("import_cohort: columns, words and the unit of ages are those of the command") {
  const Visits study;
  Finished done = study.run(Visits::meanings + std::string("--study-column lab"));
  REQUIRE_MESSAGE(done.code == 0, done.text);
  CHECK(study.subjects() == std::vector<std::string>{"1_ses-1 of 1: 20 F X", "1_ses-2 of 1: 21 F X",
                                                     "2_ses-1 of 2: 30 M Y", "3_ses-1 of 3: 40 M Y"});
  CHECK_MESSAGE(done.says("ages were converted from months to years\n"), done.text);
  done = study.run(Visits::meanings);
  REQUIRE_MESSAGE(done.code == 0, done.text);
  CHECK(study.subjects()[0] == "1_ses-1 of 1: 20 F a");  // the usual column
  CHECK_MESSAGE(study.run("--age-unit months --female 2").says("--male 1"), "the other word is not known");
}

TEST_CASE("import_cohort: --exclude, --not-in, --allow-missing and --allow-unused choose the maps") {
  const Visits study;
  REQUIRE(study.run(Visits::meanings + std::string("--exclude 1_ses-2,3")).code == 0);
  CHECK(study.subjects() == std::vector<std::string>{"1_ses-1 of 1: 20 F a", "2_ses-1 of 2: 30 M a"});
  fs::rename(study.out, study.out.parent_path() / "other.h5");
  const Finished both = study.run(Visits::meanings + std::string("--not-in other.h5"));
  CHECK(both.code == 3);
  CHECK_MESSAGE(both.says("people.tsv:2 (1_ses-1): the participant is also in other.h5"), both.text);
  CHECK_FALSE(both.says("(3_ses-1)"));
  fs::rename(study.session(2, 1), study.session(3, 2));
  CHECK(study.run(Visits::meanings + std::string("--allow-unused")).says("(2_ses-1): no map"));
  CHECK(study.run(Visits::meanings + std::string("--allow-missing")).says("no row in people.tsv for \"3_ses-2\""));
  const Finished done = study.run(Visits::meanings + std::string("--allow-missing --allow-unused"));
  CHECK_MESSAGE(done.says("3 maps at 20 mm"), done.text);
  CHECK_MESSAGE(done.says("1 participants have no map"), done.text);
}

TEST_CASE("import_cohort: each session has its own mask, and NaN can mean that nothing was measured") {
  const Visits study;
  const auto write_mask = [&](int k, int session, std::size_t planes) {  // of 11 x 10 voxels
    SpatialVolume mask = sample_map(1);
    for (std::size_t v = 0; v < mask.volume.values.size(); ++v) mask.volume.values[v] = v < 110 * planes;
    write_nifti(study.session(k, session, "mask"), mask);
  };
  write_mask(1, 1, 4);
  write_mask(1, 2, 5);
  write_mask(2, 1, 6);
  write_mask(3, 1, 7);
  SpatialVolume holed = sample_map(2);
  holed.volume.values[0] = std::nanf("");
  write_nifti(study.session(2, 1), holed);
  const std::string masks =
      Visits::meanings + std::string("--masks 'sub-{participant_id}/sub-{participant_id}_{session}_mask.nii.gz' ");
  CHECK(study.run(masks).says("sub-2_ses-1_mre.nii.gz: voxel 0, 0, 0 is nan"));
  const Finished done = study.run(masks + "--nan-is-zero");
  REQUIRE_MESSAGE(done.code == 0, done.text);
  const CohortFile cohort(study.out.string());
  CHECK(cohort.nan_is_zero());
  for (Index i = 0; i < 4; ++i) CHECK(with_data(cohort.volume(i)) == 7 * 6 * (i + 2));  // planes 2 and above have data
}

TEST_CASE("import_cohort: warnings name the scan that they are about") {
  const Visits study;
  SpatialVolume moved = sample_map(2);
  moved.affine.m[0][3] += 80;
  write_nifti(study.session(2, 1), moved);
  std::ofstream(study.session(3, 1), std::ios::binary | std::ios::app) << "end";
  const Finished done = study.run(Visits::meanings);
  REQUIRE_MESSAGE(done.code == 0, done.text);
  CHECK_MESSAGE(done.says("warning: 1 of 4 maps has more than 5 % of its data outside of the MNI grid: 2_ses-1. "),
                done.text);
  CHECK_MESSAGE(done.says("warning: sub-3/sub-3_ses-1_mre.nii.gz: 3 bytes behind"), done.text);
}
