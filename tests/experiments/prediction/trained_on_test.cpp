// SPDX-License-Identifier: Apache-2.0
// predict knows the subjects that a model was trained on: by their maps or ids, in cohort files and NIfTI files. It
// names them, and leaves them out of the error.
#include <hdf5.h>

#include "data/formats/nifti.h"
#include "data/formats/weights_file.h"
#include "experiments/cohorts/export.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/experiments/prediction/predicted.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// The ids of the run's training part, and of its test part.
std::pair<std::vector<std::string>, std::vector<std::string>> trained_and_tested() {
  std::pair<std::vector<std::string>, std::vector<std::string>> out;
  for (const auto& row : trained().of_run)
    (row.at("part") == "train" ? out.first : out.second).push_back(row.at("participant_id"));
  return out;
}

/// A subject's exported map.
std::string file_of(const std::string& id) {
  return fmt::format("{0}/{1}/mre/{1}_stiffness.nii.gz", trained().nifti, bids_id(id));
}

}  // namespace

TEST_CASE(
    "predict: the error is that of the scans that the model was not trained on, and says how many were left out") {
  const Finished done = predict(trained().model + " " + workplace().cohort + " --out error.csv");
  REQUIRE_MESSAGE(done.code == 0, done.text);
  double sum = 0;
  int n = 0;
  for (const auto& row : trained().of_run)
    if (row.at("part") == "test") {
      sum += std::abs(number(row, "predicted") - number(row, "age"));
      ++n;
    }
  REQUIRE(n == 5);
  const std::string before = "mean absolute error ", after = " years over 5 scans of known age; left out: 19 that";
  const auto at = done.text.find(before);
  REQUIRE_MESSAGE(at != std::string::npos, done.text);
  CHECK(std::stod(done.text.substr(at + before.size())) == doctest::Approx(sum / n).epsilon(1e-3));
  CHECK_MESSAGE(done.says(after), done.text);
}

TEST_CASE("predict: training subjects are recognised in files, by their map under any name, or by their id") {
  const auto [train, test] = trained_and_tested();
  const std::string folder = workplace().folder;
  fs::copy_file(file_of(train[0]), folder + "/sub-other.nii.gz", fs::copy_options::overwrite_existing);
  SpatialVolume smoothed = read_nifti(file_of(train[1])).spatial;
  for (float& v : smoothed.volume.values) v *= 1.01f;
  fs::create_directories(folder + "/smoothed");
  const std::string other = folder + "/smoothed/" + fs::path(file_of(train[1])).filename().string();
  write_nifti(other, smoothed, "");
  std::ofstream(folder + "/known.tsv") << "participant_id\tage\nsub-other\t50\n" + bids_id(train[1]) + "\t60\n" +
                                              bids_id(test[0]) + "\t70\n";
  const std::string ages = " --participants known.tsv --out ";
  const Finished done =
      predict(trained().model + " sub-other.nii.gz " + other + " " + file_of(test[0]) + ages + "known.csv");
  REQUIRE_MESSAGE(done.code == 0, done.text);
  const Rows rows = table("known.csv");
  CHECK(rows[0].at("trained_on") == "yes");
  CHECK(warns(rows[0], "trained on this map"));
  CHECK(rows[1].at("trained_on") == "yes");
  CHECK(warns(rows[1], "trained on a subject with this id"));
  CHECK(rows[2].at("trained_on").empty());
  CHECK(rows[0].at("synthetic") == "model and scan");
  CHECK(rows[1].at("synthetic") == "model");  // the file has lost its mark
  CHECK_MESSAGE(done.says("over 1 scan of known age; left out: 2 "), done.text);
  const Finished none = predict(trained().model + " sub-other.nii.gz " + other + ages + "none-left.csv");
  CHECK_MESSAGE(
      none.says("no mean absolute error: no scan of known age is left without 2 that the model was trained on"),
      none.text);
}

TEST_CASE("predict: in a file, another session of a training subject is recognised by the participant of its name") {
  const auto [train, test] = trained_and_tested();
  const std::string folder = workplace().folder + "/later";
  fs::create_directories(folder);
  std::string names;
  for (const std::string& id : {train[0], test[0]}) {
    SpatialVolume map = read_nifti(file_of(id)).spatial;
    for (float& v : map.volume.values) v *= 1.01f;
    names += fmt::format(" later/{}_ses-2_stiffness.nii.gz", bids_id(id));
    write_nifti(fmt::format("{}/{}_ses-2_stiffness.nii.gz", folder, bids_id(id)), map, "");
  }
  REQUIRE(predict(trained().model + names + " --out later.csv").code == 0);
  const Rows rows = table("later.csv");
  CHECK(rows[0].at("participant_id") == bids_id(train[0]) + "_ses-2");
  CHECK(warns(rows[0], "trained on a subject with this id"));
  CHECK(rows[1].at("trained_on").empty());
}

TEST_CASE("predict: scans of the validation part are named, and are left out of the error too") {
  const Result run = run_tiny("validated", "seeds=0 train.epochs=2 data.validation=0.2 --device cpu");
  REQUIRE_MESSAGE(run.code == 0, run.text);
  const Finished done = predict("validated/model.h5 " + workplace().cohort + " --out validated.csv");
  REQUIRE_MESSAGE(done.code == 0, done.text);
  std::map<std::string, std::string> part;
  for (const auto& row : table("validated/predictions.csv")) part[row.at("participant_id")] = row.at("part");
  int validation = 0;
  for (const auto& row : table("validated.csv")) {
    const std::string& own = part.at(row.at("participant_id"));
    CHECK(row.at("trained_on") == (own == "train" ? "yes" : own == "test" ? "" : "validation"));
    CHECK(warns(row, "in the model's validation part") == (own == "validation"));
    validation += own == "validation";
  }
  CHECK(validation > 0);
  CHECK_MESSAGE(
      done.says(fmt::format("over 5 scans of known age; left out: {} that the model was trained on, {} of its "
                            "validation part",
                            19 - validation, validation)),
      done.text);
}

TEST_CASE("predict: a cohort that was imported again from the same maps has the same digests") {
  const Finished made = run_program(workplace().folder, "import_cohort",
                                    trained().nifti +
                                        " --files '{participant_id}/mre/{participant_id}_stiffness.nii.gz'"
                                        " --voxel 14 --out imported.h5");
  REQUIRE_MESSAGE(made.code == 0, made.text);
  REQUIRE(predict(trained().model + " imported.h5 --out imported.csv").code == 0);
  const auto [train, test] = trained_and_tested();
  int by_map = 0;
  for (const auto& row : table("imported.csv")) by_map += warns(row, "trained on this map");
  CHECK(by_map == static_cast<int>(train.size()));
}

TEST_CASE("predict: a model file of an earlier version is read; its training subjects are unknown, and it says so") {
  const std::string bytes = contents(trained().model), old = workplace().folder + "/old.h5";
  WeightsFile file = read_weights(old, bytes, {[](const auto&) { return true; }, bound_of_values(bytes)});
  auto json = nlohmann::json::parse(file.texts.at("prediction"));
  REQUIRE(json.erase("subjects") == 1);
  file.texts["prediction"] = json.dump();
  std::ofstream(old, std::ios::binary) << weights_bytes(WeightsFormat::hdf5, file.arrays, file.texts);
  const Finished done = predict("old.h5 " + workplace().cohort + " --out old.csv");
  REQUIRE_MESSAGE(done.code == 0, done.text);
  for (const auto& row : table("old.csv")) CHECK(row.at("trained_on") == "unknown");
  CHECK_MESSAGE(done.says("over 24 scans of known age\nwarning: the model file does not name its training subjects"),
                done.text);
}

TEST_CASE("predict: a cohort file that differs from that of the run in one voxel is not the same cohort") {
  const std::string other = workplace().folder + "/synthetic-other.h5";
  fs::copy_file(workplace().cohort, other);
  const hid_t file = open_to_change(other), maps = H5Dopen2(file, "maps", H5P_DEFAULT);
  std::vector<float> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(H5Dget_space(maps))));
  REQUIRE(H5Dread(maps, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
  values[values.size() / 2] += 0.25f;
  REQUIRE(H5Dwrite(maps, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
  H5Dclose(maps);
  H5Fclose(file);
  REQUIRE(predict(trained().model + " " + other + " --out other-cohort.csv").code == 0);
  const std::string words = "of the cohort that the model was trained on";
  for (const auto& row : table("other-cohort.csv")) CHECK_FALSE(warns(row, words));
  // Of two cohort files, the warning is for the scans of the run's own.
  REQUIRE(predict(trained().model + " " + other + " " + workplace().cohort + " --out both-cohorts.csv").code == 0);
  int warned = 0;
  for (const auto& row : table("both-cohorts.csv")) {
    if (row.at("source").starts_with(other)) CHECK_FALSE(warns(row, words));
    warned += warns(row, words);
  }
  CHECK(warned == static_cast<int>(trained_and_tested().second.size()));
}
