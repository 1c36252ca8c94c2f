// SPDX-License-Identifier: Apache-2.0
// Prediction with the model of a run, as a user does it: the result is the run's own numbers, from the cohort file and
// from NIfTI files with any axes; a warning reports scans that differ from the training part; bad inputs write nothing.
#include "experiments/prediction/predict.h"

#include <doctest/doctest.h>
#include <hdf5.h>

#include <algorithm>
#include <cmath>

#include "data/formats/nifti.h"
#include "data/formats/weights_file.h"
#include "experiments/record/model_file.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/experiments/prediction/predicted.h"
#include "tests/support/thrown.h"
#include "tests/support/without_digests.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// The row from the prediction of a changed first subject. `change` changes the volume and its position.
std::map<std::string, std::string> changed(const std::function<void(SpatialVolume&)>& change,
                                           const std::string& more = "") {
  SpatialVolume spatial = read_nifti(trained().files()[0]).spatial;
  change(spatial);
  const std::string file = workplace().folder + "/sub-changed.nii.gz";
  write_nifti(file, spatial, "synthetic phantom, changed");
  const Finished done = predict(trained().model + " " + file + " --out changed.csv " + more);
  REQUIRE_MESSAGE(done.code == 0, done.text);
  return table("changed.csv").at(0);
}

/// Copies the model, with another number in all places of an array, and with the digests of what it then contains.
void plant(float number, const char* array, const std::string& into) {
  const std::string bytes = contents(trained().model);
  WeightsFile file = read_weights(trained().model, bytes, {[](const ArrayHeader&) { return true; }, 1 << 30});
  for (NamedArray& a : file.arrays)
    if (a.name == array) std::ranges::fill(a.values, number);
  std::ofstream(workplace().folder + "/" + into, std::ios::binary)
      << weights_bytes(WeightsFormat::hdf5, file.arrays, file.texts);
}

}  // namespace

TEST_CASE("predict: the cohort of a run gives the predictions of that run, with a warning about that cohort") {
  const Finished done = predict(trained().model + " " + workplace().cohort + " --out all.csv");
  REQUIRE_MESSAGE(done.code == 0, done.text);
  CHECK(done.says("SYNTHETIC PHANTOM"));
  const Rows rows = table("all.csv");
  REQUIRE(rows.size() == tiny_subjects);
  std::map<std::string, double> expected;
  std::map<std::string, std::string> part;
  for (const auto& row : trained().of_run) {
    expected[row.at("participant_id")] = number(row, "predicted");
    part[row.at("participant_id")] = row.at("part");
  }
  for (const auto& row : rows) {
    CAPTURE(row.at("participant_id"));
    // The order of sums may differ between a batch of one and a batch of eight.
    CHECK(std::abs(number(row, "predicted_age") - expected.at(row.at("participant_id"))) < 1e-3);
    CHECK(number(row, "gap") == doctest::Approx(number(row, "predicted_age") - number(row, "age")).epsilon(1e-6));
    const bool train = part.at(row.at("participant_id")) == "train";
    CHECK(row.at("trained_on") == (train ? "yes" : ""));
    CHECK(warns(row, "the model was trained on this map") == train);
    CHECK(warns(row, "from the test part of the cohort that the model was trained on") == !train);
    CHECK(number(row, "coverage") > 0.5);
  }
}

TEST_CASE("predict: NIfTI files give the same ages to the bit, and with their table the same gaps") {
  REQUIRE(predict(trained().model + " " + workplace().cohort + " --out all.csv").code == 0);
  std::string files;
  for (const std::string& file : trained().files()) files += " " + file;
  const Finished done = predict(trained().model + files + " --participants bids/participants.tsv --out files.csv");
  REQUIRE_MESSAGE(done.code == 0, done.text);
  const Rows cohort = table("all.csv"), volumes = table("files.csv");
  REQUIRE(volumes.size() == cohort.size());
  for (std::size_t i = 0; i < cohort.size(); ++i) {
    for (const char* column : {"age", "predicted_age", "gap", "gap_bias_corrected", "coverage", "map_mean"})
      CHECK(volumes[i].at(column) == cohort[i].at(column));
  }
  for (const auto& row : volumes) CHECK(warns(row, "trained on this map") == (row.at("trained_on") == "yes"));
}

TEST_CASE(
    "predict: a different order or direction of the axes changes nothing, and neither does the other model format") {
  const auto plain = changed([](SpatialVolume&) {});
  const auto turned = changed([](SpatialVolume& spatial) {  // x from right to left
    const Shape n = spatial.volume.shape;
    SpatialVolume out = spatial;
    for (Index x = 0; x < n[0]; ++x)
      for (Index rest = 0; rest < n[1] * n[2]; ++rest)
        out.volume.values[static_cast<std::size_t>((n[0] - 1 - x) * n[1] * n[2] + rest)] =
            spatial.volume.values[static_cast<std::size_t>(x * n[1] * n[2] + rest)];
    for (auto& row : out.affine.m) {
      row[3] += row[0] * static_cast<double>(n[0] - 1);
      row[0] = -row[0];
    }
    spatial = out;
  });
  CHECK(turned.at("predicted_age") == plain.at("predicted_age"));
  REQUIRE(run_program(workplace().folder, "convert_weights", trained().model + " model.safetensors").code == 0);
  REQUIRE(predict("model.safetensors sub-changed.nii.gz --out other.csv").code == 0);
  CHECK(table("other.csv").at(0).at("predicted_age") == plain.at("predicted_age"));
}

TEST_CASE("predict: without an age there is no gap; with an age there are the gap and the corrected gap") {
  const auto unknown = changed([](SpatialVolume&) {});
  CHECK(unknown.at("gap").empty());
  CHECK(unknown.at("gap_bias_corrected").empty());
  CHECK(warns(unknown, "age unknown"));
  const auto known = changed([](SpatialVolume&) {}, "--age 50");
  const TrainedModel model = read_model(trained().model);
  CHECK(number(known, "gap") == doctest::Approx(number(known, "predicted_age") - 50));
  CHECK(number(known, "gap_bias_corrected") ==
        doctest::Approx(number(known, "gap") - model.prediction.bias(50)).epsilon(1e-6));
  CHECK_FALSE(warns(known, "age"));
  CHECK(warns(changed([](SpatialVolume&) {}, "--age 128"), "age 128: training part"));
}

TEST_CASE("predict: an age may have a decimal comma") {
  const std::string scan = trained().files()[0];
  REQUIRE(predict(trained().model + " " + scan + " --age 63,5 --out comma.csv").code == 0);
  CHECK(table("comma.csv").at(0).at("age") == "63.5");
  CHECK(predict(trained().model + " " + scan + " --age old --out no.csv").code == 2);
}

TEST_CASE("predict: scans that differ from the training part get warnings, similar scans do not") {
  const auto scaled = changed([](SpatialVolume& p) {
    for (float& v : p.volume.values) v *= 4;
  });
  CHECK(warns(scaled, "intensity: mean"));
  const auto half =
      changed([](SpatialVolume& p) { std::fill_n(p.volume.values.begin(), p.volume.values.size() / 2, 0.0f); });
  CHECK(warns(half, "coverage: "));
  const auto moved = changed([](SpatialVolume& p) { p.affine.m[2][3] += 60; });
  CHECK(warns(moved, "position: "));
  for (const auto& row : {scaled, half, moved}) CHECK_FALSE(warns(row, "for a person"));
  SpatialVolume spatial = read_nifti(trained().files()[0]).spatial;
  write_nifti(workplace().folder + "/sub-real.nii", spatial);  // not marked as a phantom
  REQUIRE(predict(trained().model + " sub-real.nii --out real.csv").code == 0);
  CHECK(warns(table("real.csv").at(0), "no meaning for a person"));
}

TEST_CASE("predict: a warning reports that only one of scan and training cohort has an affine") {
  const std::string unplaced = workplace().folder + "/synthetic-unplaced.h5";
  fs::copy_file(workplace().cohort, unplaced);
  const hid_t file = open_to_change(unplaced);
  REQUIRE(H5Ldelete(file, "affine", H5P_DEFAULT) >= 0);
  H5Fclose(file);
  const Result run = run_tiny("unplaced", "seeds=0 train.epochs=2 --device cpu", unplaced);
  REQUIRE_MESSAGE(run.code == 0, run.text);
  const auto first = [](const std::string& model, const std::string& scan) {
    const Finished done = predict(model + " " + scan + " --out sides.csv");
    REQUIRE_MESSAGE(done.code == 0, done.text);
    return table("sides.csv").at(0);
  };
  const std::string model = "unplaced/model.h5", nifti = trained().files()[0];
  CHECK(warns(first(model, nifti), "sides: the training cohort's file has no affine"));
  CHECK(warns(first(trained().model, unplaced), "sides: the scan's file has no affine"));
  CHECK_FALSE(warns(first(model, unplaced), "sides"));
  CHECK_FALSE(warns(first(trained().model, nifti), "sides"));
}

TEST_CASE("predict: two scans of one participant are distinguished by their files") {
  const std::vector<std::string> files = trained().files();
  fs::create_directories(workplace().folder + "/again");
  const std::string again = workplace().folder + "/again/" + fs::path(files[0]).filename().string();
  fs::copy_file(files[0], again);
  REQUIRE(predict(trained().model + " " + files[0] + " " + again + " --out twice.csv").code == 0);
  const Rows rows = table("twice.csv");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].at("participant_id") == rows[1].at("participant_id"));
  CHECK(rows[0].at("source") == files[0]);
  CHECK(rows[1].at("source") == again);
}

TEST_CASE("predict: all bad scans are reported together with exit code 3, and nothing is written") {
  SpatialVolume spatial = read_nifti(trained().files()[0]).spatial;
  SpatialVolume constant = spatial;
  for (float& v : constant.volume.values) v = v != 0 ? 2.0f : 0.0f;
  spatial.volume.values[700] = NAN;
  write_nifti(workplace().folder + "/nan.nii", spatial);
  write_nifti(workplace().folder + "/constant.nii", constant);
  std::ofstream(workplace().folder + "/text.nii") << "text";
  const std::string good = trained().files()[0];
  const Finished bad = predict(trained().model + " nan.nii " + good + " constant.nii text.nii none.nii --out no.csv");
  CHECK(bad.code == 3);
  for (const char* words : {"nan.nii", "constant.nii", "text.nii", "none.nii", "4 problems"}) {
    CAPTURE(bad.text);
    CHECK(bad.says(words));
  }
  CHECK_FALSE(fs::exists(workplace().folder + "/no.csv"));
  CHECK(predict(trained().model + " " + good + " " + good + " --age 50 --out no.csv").code == 2);
  CHECK(predict(trained().model + " --out no.csv").code == 2);
  CHECK(predict(trained().model + " " + good + " --age 150 --out no.csv").code == 2);
  CHECK(predict(trained().model + " " + good + " --out nowhere/no.csv").code == 8);
  CHECK(predict(trained().model + " " + good + " --participants none.tsv --out no.csv").code == 3);
  CHECK_FALSE(fs::exists(workplace().folder + "/no.csv"));
}

TEST_CASE("predict: invalid ages of a table are reported with their lines, and are not treated as unknown") {
  const std::string good = trained().files()[0], folder = workplace().folder;
  std::ofstream(folder + "/ages.tsv") << "participant_id\tage\na\t-999\nb\tn/a\nc\tsixty\nd\t200\ne\t60\nsub-e\t61\n";
  const Finished bad = predict(trained().model + " " + good + " --participants ages.tsv --out no.csv");
  CHECK(bad.code == 3);
  for (const char* words :
       {"4 problems", "line 2 (a): the age is \"-999\"", "line 4 (c)", "line 5 (d)", "line 7 (sub-e)"}) {
    CAPTURE(bad.text);
    CHECK(bad.says(words));
  }
  CHECK_FALSE(fs::exists(folder + "/no.csv"));
}

TEST_CASE("predict: sessions of a participant have ids and ages of their own, from any columns and unit") {
  const std::vector<std::string> files = trained().files();
  const std::string folder = workplace().folder + "/sessions";
  fs::create_directories(folder);
  std::string names;
  for (const char* name : {"sub-x_ses-1_mre.nii.gz", "sub-x_ses-2_mre.nii.gz", "sub-y_mre.nii.gz"}) {
    fs::copy_file(files[0], folder + "/" + name);
    names += " sessions/" + std::string(name);
  }
  const auto ages = [&](const std::string& text, const std::string& options = "") {
    std::ofstream(workplace().folder + "/when.tsv") << text;
    const Finished done = predict(trained().model + names + " --participants when.tsv --out when.csv" + options);
    REQUIRE_MESSAGE(done.code == 0, done.text);
    std::vector<std::string> out;
    for (const auto& row : table("when.csv")) out.push_back(row.at("participant_id") + " " + row.at("age"));
    return out;
  };
  CHECK(ages("participant_id\tsession_id\tage\nsub-x\tses-1\t40\nsub-x\t2\t45\ny\tn/a\t50\n") ==
        std::vector<std::string>{"sub-x_ses-1 40", "sub-x_ses-2 45", "sub-y 50"});
  CHECK(ages("participant_id\tsession_id\tage\ny\tses-1\t50\n")[2] == "sub-y 50");  // the only one
  CHECK(ages("participant_id\tsession_id\tage\ny\tses-1\t50\ny\tses-2\t51\n")[2] == "sub-y ");
  CHECK(ages("participant_id\tage\nsub-x\t40\n") ==
        std::vector<std::string>{"sub-x_ses-1 40", "sub-x_ses-2 40", "sub-y "});
  CHECK(ages("ID\tvisit\tAlter\nx\t1\t480\nx\t2\t504\n",
             " --id-column ID --session-column visit --age-column Alter --age-unit months") ==
        std::vector<std::string>{"sub-x_ses-1 40", "sub-x_ses-2 42", "sub-y "});
  std::ofstream(workplace().folder + "/when.json") << R"({"age": {"Units": "months"}})";
  CHECK(ages("participant_id\tage\nsub-x\t480\n")[0] == "sub-x_ses-1 40");
  std::ofstream(workplace().folder + "/bad.tsv") << "participant_id\tsession_id\tage\nx\t1\t40\nx\t2\told\n";
  CHECK(predict(trained().model + names + " --participants bad.tsv --out no.csv")
            .says("line 3 (x_ses-2): the age is \"old\""));
  std::ofstream(workplace().folder + "/when.tsv") << "ID\tvisit\tAlter\nx\t1\t480\n";
  const Finished without = predict(trained().model + names + " --participants when.tsv --out no.csv");
  CHECK(without.code == 3);
  CHECK(without.says("there is no column \"age\"; the columns are ID, visit, Alter"));
}

TEST_CASE("predict: NaN means that nothing was measured if --nan-is-zero says so") {
  SpatialVolume spatial = read_nifti(trained().files()[0]).spatial;
  write_nifti(workplace().folder + "/zero.nii", spatial);
  for (float& v : spatial.volume.values)
    if (v == 0) v = NAN;
  write_nifti(workplace().folder + "/nan-outside.nii", spatial);
  const Finished refused = predict(trained().model + " nan-outside.nii --out no.csv");
  CHECK(refused.code == 3);
  CHECK(refused.says("or add --nan-is-zero"));
  REQUIRE(predict(trained().model + " zero.nii nan-outside.nii --nan-is-zero --out nan.csv").code == 0);
  CHECK(table("nan.csv").at(0).at("predicted_age") == table("nan.csv").at(1).at("predicted_age"));
}

TEST_CASE("predict: the output never replaces an input file") {
  const std::string folder = workplace().folder, scan = folder + "/sub-own.nii.gz";
  write_nifti(scan, read_nifti(trained().files()[0]).spatial);
  std::ofstream(folder + "/own.tsv") << "participant_id\tage\nsub-own\t50\n";
  std::ofstream(folder + "/own.json") << "{}";
  const std::string arguments = " " + scan + " --participants own.tsv --out ";
  for (const std::string& model :
       {trained().model, fs::path(trained().model).parent_path().string()})  // its run folder
    for (const std::string& out :
         {std::string("sub-own.nii.gz"), std::string("./own.tsv"), std::string("own.json"), trained().model}) {
      CAPTURE(out);
      const std::string before = contents(fs::path(out).is_absolute() ? out : folder + "/" + out);
      CHECK(predict(model + arguments + out).code == 2);
      CHECK(contents(fs::path(out).is_absolute() ? out : folder + "/" + out) == before);
    }
  CHECK(predict(trained().model + arguments + "own.csv").code == 0);
}

TEST_CASE("predict: a table of another program stays, also the run's own table in the run folder") {
  const std::string before = bytes("run/predictions.csv");
  const std::string command = "model.h5 " + workplace().cohort;
  const Finished refused = run_program(workplace().folder + "/run", "predict", command);
  CHECK(refused.code == 9);
  for (const char* words : {"predictions.csv: the file exists", "--overwrite"})
    CHECK_MESSAGE(refused.says(words), refused.text);
  CHECK(bytes("run/predictions.csv") == before);
  fs::create_symlink("nowhere.csv", workplace().folder + "/dangling.csv");
  CHECK(run_program(workplace().folder, "predict", trained().model + " " + workplace().cohort + " --out dangling.csv")
            .code == 9);
}

TEST_CASE("predict: models and cohorts are known by their content, whatever their names") {
  const std::string folder = workplace().folder;
  fs::copy_file(trained().model, folder + "/weights.bin");
  fs::copy_file(workplace().cohort, folder + "/cohort.bin");
  REQUIRE(predict(trained().model + " " + workplace().cohort + " --out named.csv").code == 0);
  const Finished other = predict("weights.bin cohort.bin --out unnamed.csv");
  REQUIRE_MESSAGE(other.code == 0, other.text);
  const Rows named = table("named.csv"), unnamed = table("unnamed.csv");
  REQUIRE(named.size() == unnamed.size());
  for (std::size_t k = 0; k < named.size(); ++k) CHECK(named[k].at("predicted_age") == unnamed[k].at("predicted_age"));
}

TEST_CASE("predict: a model and a cohort without digests are reported as not verified, and no others") {
  const std::string folder = workplace().folder;
  copy_without_digests(trained().model, folder + "/plain-model.h5");
  copy_without_digests(workplace().cohort, folder + "/plain-cohort.h5");
  CHECK_FALSE(predict(trained().model + " " + workplace().cohort + " --out v.csv").says("not verified"));
  const Finished done = predict("plain-model.h5 plain-cohort.h5 --out v.csv");
  for (const char* words : {"plain-model.h5: not verified", "plain-cohort.h5: not verified"})
    CHECK_MESSAGE(done.says(words), done.text);
}

TEST_CASE("predict: cells that a spreadsheet would evaluate are made harmless") {
  PredictedAge row{.id = "=1+1", .age = -3, .predicted = 40, .gap = -2, .corrected = 1, .map = {}, .warnings = {"@x"}};
  const std::string text = prediction_table(std::span(&row, 1));
  CHECK(text.find("\n'=1+1,-3,40,,-2,1,") != std::string::npos);  // numbers stay numbers
  CHECK(text.find(",'@x\n") != std::string::npos);
}

TEST_CASE(
    "predict, saliency: a model whose features are not finite ends with exit code 5 and the scan, without a result") {
  const std::string good = trained().files()[0];
  const std::pair<const char*, float> broken[] = {{"encoder.layer2.0.bn1.running_var", -1.0f},  // its root is NaN
                                                  {"encoder.conv1.weight", 3e38f},              // sums overflow
                                                  {"head.2.weight", 3e38f}};
  for (const auto& [array, number] : broken) {
    CAPTURE(array);
    plant(number, array, "broken.h5");
    const Finished predicted = predict("broken.h5 " + good + " --out no.csv"),
                   explained = run_program(workplace().folder, "saliency", "broken.h5 " + good + " --out no-map");
    for (const Finished& done : {predicted, explained}) {
      CAPTURE(done.text);
      CHECK(done.code == 5);
      CHECK(done.says(good));
      CHECK(done.says(std::string(array).starts_with("head") ? "after the projection" : "before the projection"));
    }
    CHECK_FALSE(fs::exists(workplace().folder + "/no.csv"));
  }
  plant(NAN, "head.2.bias", "broken.h5");  // NaN in the file itself is found when the file is read
  CHECK(predict("broken.h5 " + good + " --out no.csv").code == 3);
}

TEST_CASE("predict: files that are not a model, or a damaged model, give their exit codes") {
  const std::string good = trained().files()[0], model = trained().model;
  CHECK(predict("none.h5 " + good).code == 3);
  std::ofstream(workplace().folder + "/model.pth") << "of PyTorch";
  CHECK(predict("model.pth " + good).code == 3);
  CHECK(predict(workplace().cohort + " " + good).code == 3);  // has numbers, but no predictor
  std::ofstream(workplace().folder + "/cut.h5", std::ios::binary) << contents(model).substr(0, 9000);
  CHECK(predict("cut.h5 " + good).code == 4);
}
