// SPDX-License-Identifier: Apache-2.0
// What a model file says besides its weights decides how predict treats a scan. Each part is changed in the text of a
// trained model, and the table must change where the part matters.
#include <doctest/doctest.h>

#include <cmath>

#include "data/formats/hdf5_file.h"
#include "data/formats/nifti.h"
#include "data/formats/weights_file.h"
#include "experiments/record/model_file.h"
#include "tests/data/formats/sample_npy.h"
#include "tests/experiments/prediction/predicted.h"

using namespace cg;
using namespace cg::test;
using nlohmann::json;

namespace {

/// A copy of the trained model with a changed text; returns its name.
std::string model_with(const std::function<void(json&)>& change) {
  const std::string bytes = contents(trained().model), name = "changed-model.h5";
  WeightsFile file = read_weights(name, bytes, {[](const auto&) { return true; }, bound_of_values(bytes)});
  json text = json::parse(file.texts.at("prediction"));
  change(text);
  file.texts["prediction"] = text.dump();
  std::ofstream(workplace().folder + "/" + name, std::ios::binary)
      << weights_bytes(WeightsFormat::hdf5, file.arrays, file.texts);
  return name;
}

std::string model_with(const char* place, const json& value) {
  return model_with([&](json& text) { text[json::json_pointer(place)] = value; });
}

/// The first subject's map, moved by a part of a voxel, so that it must be resampled.
const std::string& moved_scan() {
  static const std::string path = [] {
    SpatialVolume spatial = read_nifti(trained().files()[0]).spatial;
    for (std::size_t axis = 0; axis < 3; ++axis) spatial.affine.m[axis][3] += 5;
    const std::string file = workplace().folder + "/sub-moved.nii";
    write_nifti(file, spatial, "synthetic phantom, moved");
    return file;
  }();
  return path;
}

std::map<std::string, std::string> row_of(const std::string& model, const std::string& scan) {
  const Finished done = predict(model + " " + scan + " --age 50 --out text.csv");
  REQUIRE_MESSAGE(done.code == 0, done.text);
  return table("text.csv").at(0);
}

/// A cohort file like that of the tests, with two attributes that an import writes.
std::string imported_cohort(const std::string& sampling, const std::string& session = "", float factor = 1) {
  const std::string path = workplace().folder + "/synthetic-imported" + session + ".h5";
  const CohortFile from(workplace().cohort);
  std::vector<float> maps;
  std::vector<double> ages, affine;
  std::vector<std::string> ids;
  for (Index i = 0; i < from.size(); ++i) {
    std::vector<float> map = from.volume(i).values;
    for (float& v : map) v *= factor;
    maps.insert(maps.end(), map.begin(), map.end());
    ages.push_back(from.subject(i).age);
    ids.push_back(from.subject(i).id + session);
  }
  for (const auto& row : from.affine().m) affine.insert(affine.end(), row.begin(), row.end());
  affine.insert(affine.end(), {0, 0, 0, 1});
  const Shape v = from.volume_shape();
  H5Writer file(path);
  file.floats("maps", {from.size(), 1, v[0], v[1], v[2]}, maps);
  file.numbers("age", {from.size()}, ages);
  file.numbers("affine", {4, 4}, affine);
  file.strings("participant_id", ids);
  file.attribute("voxel_mm", from.voxel_mm());
  file.attribute("synthetic", 1.0);
  file.attribute("sampling", sampling);
  file.attribute("nan_is_zero", 1.0);
  file.commit();
  return path;
}

}  // namespace

TEST_CASE("predict: activations, predictor, age bias, intensity and sampling are those of the model") {
  const std::string scan = moved_scan();
  const auto plain = row_of(trained().model, scan);
  const json text = [] {
    json out;
    model_with([&](json& all) { out = all; });
    return out;
  }();
  const double bias = text["predictor"]["bias"][0], slope = text["age_bias"]["slope"],
               mean = text["preprocessing"]["intensity"]["mean"];
  const auto changed = [&](const char* place, const json& value, const char* column = "predicted_age") {
    CAPTURE(place);
    const auto row = row_of(model_with(place, value), scan);
    CHECK(row.at(column) != plain.at(column));
    return number(row, column) - number(plain, column);
  };
  changed("/activations", text["activations"] == "float32" ? "bfloat16" : "float32");
  CHECK(changed("/predictor/bias/0", bias + 1) == doctest::Approx(1));
  CHECK(changed("/age_bias/slope", slope + 0.5, "gap_bias_corrected") == doctest::Approx(-25));
  CHECK(changed("/age_bias/intercept", 7 + text["age_bias"]["intercept"].get<double>(), "gap_bias_corrected") ==
        doctest::Approx(-7));
  changed("/preprocessing/intensity/mean", mean + 1);
  changed("/preprocessing/sampling", "nearest");
  const std::string itself = model_with([](json& all) { all["preprocessing"].erase("intensity"); });
  CHECK(row_of(itself, scan).at("predicted_age") != plain.at("predicted_age"));
}

TEST_CASE("predict: each warning begins where the training part of the model ends") {
  const std::string scan = trained().files()[0];
  const auto plain = row_of(trained().model, scan);
  CHECK_FALSE(warns(plain, "intensity"));
  const double mean = number(plain, "map_mean"), sd = number(plain, "map_sd"), age = number(plain, "predicted_age");
  const json narrow_mean{{"mean", mean}, {"sd", 0.1}, {"least", mean + 0.3}, {"most", mean + 0.4}},
      narrow_sd{{"mean", sd}, {"sd", 0.1}, {"least", sd + 0.3}, {"most", sd + 0.4}};
  const auto warning = [&](const char* place, const json& value, const std::string& words) {
    CAPTURE(place);
    CHECK_FALSE(warns(plain, words));
    CHECK(warns(row_of(model_with(place, value), scan), words));
  };
  warning("/training/mean", narrow_mean, fmt::format("intensity: mean {:.3g} kPa, training maps", mean));
  warning("/training/sd", narrow_sd, fmt::format("intensity: SD {:.3g} kPa, training maps", sd));
  warning("/training/coverage", {{"mean", 2}, {"sd", 1}, {"least", 2}, {"most", 2}}, "training maps 200 % to 200 %");
  warning("/training/outside", {{"mean", -1}, {"sd", 1}, {"least", -1}, {"most", -1}}, "no training map has data");
  warning("/training/oldest", age - 1, fmt::format("predicted age {:.4g}: training part", age));
  warning("/training/youngest", age + 1, fmt::format("predicted age {:.4g}: training part", age));
  warning("/preprocessing/placed", false, "sides: ");
}

TEST_CASE("predict: how scans are resampled, and what NaN means, is as for the cohort that the model was trained on") {
  const Result run = run_tiny("imported", "seeds=0 train.epochs=2 --device cpu", imported_cohort("nearest"));
  REQUIRE_MESSAGE(run.code == 0, run.text);
  const std::string model = workplace().folder + "/imported/model.h5", nan = workplace().folder + "/sub-nan.nii";
  CHECK(read_model(model).prediction.preprocessing.sampling == Sampling::nearest);
  SpatialVolume spatial = read_nifti(trained().files()[0]).spatial;
  for (float& v : spatial.volume.values)
    if (v == 0) v = NAN;
  write_nifti(nan, spatial, "synthetic phantom, changed");
  CHECK(predict(trained().model + " " + nan + " --out no.csv").code == 3);
  CHECK(row_of(model, nan).at("predicted_age") == row_of(model, trained().files()[0]).at("predicted_age"));
}

TEST_CASE("predict: a cohort of another modality is refused, and one in another place is resampled as files are") {
  const auto program = [](const std::string& name, const std::string& arguments) {
    const Finished done = run_program(workplace().folder, name, arguments);
    REQUIRE_MESSAGE(done.code == 0, done.text);
  };
  program("make_phantom_cohort", "--modality t1 --subjects 5 --voxel 14 --out synthetic-t1.h5");
  const Finished other = predict(trained().model + " synthetic-t1.h5 --out no.csv");
  CHECK(other.code == 3);
  CHECK_MESSAGE(other.says("the maps are t1, but the model was trained on mre"), other.text);
  const std::string model = model_with([](json& text) {
    for (int axis = 0; axis < 3; ++axis)
      text["preprocessing"]["affine"][axis][3] = text["preprocessing"]["affine"][axis][3].get<double>() + 40;
  });
  const Finished all = predict(model + " " + workplace().cohort + " --out moved-cohort.csv");
  REQUIRE_MESSAGE(all.code == 0, all.text);
  const auto cohort = table("moved-cohort.csv").at(0), file = row_of(model, trained().files()[0]);
  CHECK(cohort.at("predicted_age") == file.at("predicted_age"));
  CHECK(cohort.at("predicted_age") != row_of(trained().model, trained().files()[0]).at("predicted_age"));
  for (const auto& row : {cohort, file}) CHECK(warns(row, "of the data is outside of the model's grid"));
}

TEST_CASE("predict: another session of a training subject is recognised by its person") {
  const Result run = run_tiny("sessions", "seeds=0 train.epochs=2 --device cpu", imported_cohort("measured", "_ses-1"));
  REQUIRE_MESSAGE(run.code == 0, run.text);
  const std::string later = imported_cohort("measured", "_ses-2", 1.01f);
  REQUIRE(predict("sessions/model.h5 " + later + " --out later.csv").code == 0);
  std::map<std::string, std::string> part;
  for (const auto& row : table("sessions/predictions.csv")) part[row.at("participant_id")] = row.at("part");
  for (const auto& row : table("later.csv")) {
    std::string before = row.at("participant_id");
    before.back() = '1';
    CHECK(row.at("trained_on") == (part.at(before) == "train" ? "yes" : ""));
  }
}

TEST_CASE("predict: --npy-axes says where left is in a .npy file") {
  const Shape shape = {46, 55, 46};  // of the 4 mm grid
  std::vector<float> values(static_cast<std::size_t>(count(shape)), 0.0f);
  Random random({.seed = 4});
  for (std::size_t k = 0; k < values.size(); ++k)
    if (k / (55 * 46) > 8 && k / (55 * 46) < 34) values[k] = static_cast<float>(2 + random.uniform());
  write_npy(workplace().folder + "/sub-blob.npy", shape, values);
  const auto age = [](const std::string& axes) {
    return row_of(trained().model, "sub-blob.npy --npy-axes " + axes).at("predicted_age");
  };
  CHECK(age("RAS") != age("LAS"));
  CHECK(predict(trained().model + " sub-blob.npy --out no.csv").code == 3);
}

TEST_CASE("predict, saliency: --device cuda is refused where there is no GPU") {
  std::string why;
  const int code = make_cuda_backend(why) ? 0 : 7;
  CHECK(predict(trained().model + " " + moved_scan() + " --device cuda --out cuda.csv").code == code);
  const std::string quick = " --method gradient --samples 1 --check-scans 0 --device cuda --out cuda-maps";
  CHECK(run_program(workplace().folder, "saliency", trained().model + " " + moved_scan() + quick).code == code);
}
