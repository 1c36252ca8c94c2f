// SPDX-License-Identifier: Apache-2.0
// The whole workflow of a laboratory with templates of real brains: import, training on a synthetic cohort of
// their modality, prediction, saliency. `tools/install_dependencies.sh --tests` installs the templates.
#include <doctest/doctest.h>

#include <cmath>

#include "data/cohort_h5.h"
#include "data/formats/nifti.h"
#include "experiments/program/environment.h"
#include "tests/experiments/runner/tiny_run.h"
#include "tests/support/program.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// The templates by participant; reports those that are not on this machine.
std::map<std::string, fs::path> templates() {
  const std::map<std::string, fs::path> all = {
      {"sub-colin", "/usr/share/mricron/templates/ch2bet.nii.gz"},
      {"sub-mni", source_root() / "build/test_volumes/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"}};
  for (const auto& [id, file] : all)
    if (!fs::exists(file)) {
      MESSAGE("[skipped: " << file.string() << " does not exist; tools/install_dependencies.sh --tests installs it]");
      return {};
    }
  return all;
}

Finished program(const std::string& name, const std::string& arguments) {
  const Finished done = run_program(workplace().folder, name, arguments);
  REQUIRE_MESSAGE(done.code == 0, done.text);
  return done;
}

}  // namespace

TEST_CASE("real scans: templates are imported, their age is predicted, and the voxels that it depends on are mapped") {
  const std::map<std::string, fs::path> scans = templates();
  if (scans.empty()) return;
  const fs::path study = workplace().folder + "/study";
  fs::create_directories(study);
  std::ofstream table_file(study / "participants.tsv");
  table_file << "participant_id\tage\tsex\n";
  for (const auto& [id, file] : scans) {
    table_file << id << "\t30\tn/a\n";
    fs::create_directories(study / id / "anat");
    fs::copy_file(file, study / id / "anat" / (id + "_T1w.nii.gz"));
  }
  table_file.close();
  program("import_cohort", "study --modality t1 --out t1.h5");
  REQUIRE(CohortFile(workplace().folder + "/t1.h5").volume_shape() == Shape{91, 109, 91});

  program("make_phantom_cohort", "--modality t1 --subjects 24 --voxel 14 --out synthetic-t1.h5");
  const Result trained = run_tiny("run", "seeds=0 train.epochs=2 data.normalise=subject --device cpu",
                                  workplace().folder + "/synthetic-t1.h5");
  REQUIRE_MESSAGE(trained.code == 0, trained.text);

  const std::string colin = "study/sub-colin/anat/sub-colin_T1w.nii.gz", mni = "study/sub-mni/anat/sub-mni_T1w.nii.gz";
  const Finished predicted = program(
      "predict", "run/model.h5 " + colin + " " + mni + " --participants study/participants.tsv --out files.csv");
  CHECK(predicted.says("trained on a SYNTHETIC PHANTOM"));
  program("predict", "run/model.h5 t1.h5 --out cohort.csv");
  const Rows of_files = table("files.csv"), of_cohort = table("cohort.csv");
  REQUIRE(of_files.size() == 2);
  REQUIRE(of_cohort.size() == 2);
  for (const auto& row : of_files) {
    CAPTURE(row.at("participant_id"));
    CHECK(row.at("age") == "30");
    CHECK(row.at("synthetic") == "model");
    CHECK(row.at("warnings").find("synthetic phantom: this result has no meaning for a person") != std::string::npos);
    const auto same = std::ranges::find_if(
        of_cohort, [&](const auto& r) { return r.at("participant_id") == row.at("participant_id"); });
    REQUIRE(same != of_cohort.end());
    // Through the 2 mm grid, the 1 mm voxels of a file are averaged in two steps instead of one.
    CHECK(std::abs(std::stod(same->at("predicted_age")) - std::stod(row.at("predicted_age"))) < 2);
  }

  program("saliency", "run/model.h5 " + colin + " --edge 42 --stride 28 --samples 2 --out maps");
  const SpatialVolume scan = read_nifti(scans.at("sub-colin")).spatial;
  for (const char* kind : {"gradient", "occlusion"}) {
    CAPTURE(kind);
    const NiftiVolume map = read_nifti(workplace().folder + fmt::format("/maps/sub-colin_{}.nii.gz", kind));
    CHECK(map.spatial.volume.shape == scan.volume.shape);
    CHECK(map.spatial.affine.m == scan.affine.m);
    const auto differs = [](float v) { return v != 0; };
    CHECK(std::ranges::any_of(map.spatial.volume.values, differs));
    CHECK(std::ranges::all_of(map.spatial.volume.values, [](float v) { return std::isfinite(v); }));
  }
  CHECK(contents(workplace().folder + "/maps/sub-colin.png").substr(1, 3) == "PNG");
}
