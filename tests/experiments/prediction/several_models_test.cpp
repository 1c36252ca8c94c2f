// SPDX-License-Identifier: Apache-2.0
// predict with the models of several seeds: the mean of what each predicts.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <functional>

#include "experiments/prediction/predict.h"
#include "experiments/record/model_file.h"
#include "tests/experiments/prediction/predicted.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace fs = std::filesystem;

namespace {

/// A run with two seeds, and what each model predicts for the whole cohort.
struct TwoSeeds {
  std::string folder = workplace().folder + "/two", first = folder + "/model-seed3.h5",
              second = folder + "/model-seed4.h5";
  Rows a, b;
  TwoSeeds() {
    const Result result = run_tiny("two", "seeds=[3,4] train.epochs=2 --device cpu");
    REQUIRE_MESSAGE(result.code == 0, result.text);
    a = ages(first, "a.csv");
    b = ages(second, "b.csv");
  }
  static Rows ages(const std::string& models, const std::string& out) {
    const Finished done = predict(models + " " + workplace().cohort + " --out " + out);
    REQUIRE_MESSAGE(done.code == 0, done.text);
    return table(out);
  }
};

const TwoSeeds& two() {
  static const TwoSeeds once;
  return once;
}

}  // namespace

TEST_CASE("predict: several models, or a run folder, give the mean of their ages, with its SD over the models") {
  const Rows mean = TwoSeeds::ages(two().first + " " + two().second, "mean.csv");
  CHECK(TwoSeeds::ages(two().folder, "folder.csv") == mean);
  REQUIRE(mean.size() == two().a.size());
  for (std::size_t k = 0; k < mean.size(); ++k) {
    const auto &row = mean[k], &a = two().a[k], &b = two().b[k];
    const double from_a = number(a, "predicted_age"), from_b = number(b, "predicted_age");
    CHECK(from_a != from_b);
    CHECK(number(row, "predicted_age") == doctest::Approx((from_a + from_b) / 2).epsilon(1e-8));
    CHECK(number(row, "predicted_age_sd") == doctest::Approx(std::abs(from_a - from_b) / std::sqrt(2)).epsilon(1e-6));
    CHECK(number(row, "gap") == doctest::Approx((number(a, "gap") + number(b, "gap")) / 2).epsilon(1e-6));
    CHECK(number(row, "gap_bias_corrected") ==
          doctest::Approx((number(a, "gap_bias_corrected") + number(b, "gap_bias_corrected")) / 2).epsilon(1e-6));
    CHECK(row.at("trained_on") == a.at("trained_on"));
    CHECK(a.at("predicted_age_sd").empty());
  }
}

TEST_CASE("predict: a damaged model in a run folder is an error, and a converted copy in it does not count") {
  const fs::path copy = fs::path(workplace().folder) / "copy";
  fs::remove_all(copy);
  fs::copy(two().folder, copy, fs::copy_options::recursive);
  const std::string second = (copy / "model-seed4.h5").string();
  const Finished converted =
      run_program(workplace().folder, "convert_weights", second + " copy/model-seed4.safetensors");
  REQUIRE_MESSAGE(converted.code == 0, converted.text);
  const Finished mean = predict("copy " + workplace().cohort + " --out copied.csv");
  CHECK_MESSAGE(mean.says("mean of 2 models"), mean.text);
  CHECK(table("copied.csv") == TwoSeeds::ages(two().first + " " + two().second, "mean.csv"));
  const std::vector<std::pair<std::uintmax_t, int>> sizes = {{fs::file_size(second) / 2, 4}, {0, 3}};
  for (const auto& [bytes, code] : sizes) {
    fs::resize_file(second, bytes);
    const Finished damaged = predict("copy " + workplace().cohort + " --out damaged.csv");
    CAPTURE(damaged.text);
    CHECK(damaged.code == code);
    CHECK(damaged.says("model-seed4.h5"));
    CHECK_FALSE(fs::exists(fs::path(workplace().folder) / "damaged.csv"));
  }
}

TEST_CASE("predict: a scan that one of several models was trained on counts as trained on") {
  // Another seed's model, for which the parts are exchanged.
  const Result other = run_tiny("exchanged", "seeds=3 train.epochs=2 data.fold=1 --device cpu");
  REQUIRE_MESSAGE(other.code == 0, other.text);
  const std::string second = workplace().folder + "/exchanged/model.h5";
  const Rows mean = TwoSeeds::ages(two().first + " " + second, "both.csv"), b = TwoSeeds::ages(second, "c.csv");
  std::size_t by_one = 0;
  for (std::size_t k = 0; k < mean.size(); ++k) {
    const bool in_a = !two().a[k].at("trained_on").empty(), in_b = !b[k].at("trained_on").empty();
    CHECK(mean[k].at("trained_on") == (in_a || in_b ? "yes" : ""));
    CHECK(warns(mean[k], "the model was trained on this map") == (in_a || in_b));
    by_one += in_a != in_b;
  }
  CHECK(by_one > 0);
}

TEST_CASE("predict: the mark of a phantom is that of any of several models, and each number has its SD") {
  const TrainedModel synthetic = read_model(two().first);
  TrainedModel real = synthetic;
  real.prediction.training.synthetic = false;
  const auto backend = make_cpu_backend();
  ScanOptions options;
  options.inputs = {workplace().cohort};
  const Scans scans(options, synthetic.prediction);
  for (const std::vector<TrainedModel>& models : {std::vector{real, synthetic}, {synthetic, real}})
    for (const PredictedAge& row :
         predict_ages(scans, models, *backend, {.write = [](std::string_view) {}, .now = [] { return 0.0; }}))
      CHECK(row.synthetic == "model and scan");
  const Finished done = predict(two().folder + " " + workplace().cohort + " --out said.csv");
  CHECK_MESSAGE(done.says("mean of 2 models; ± SD over the models"), done.text);
  const auto first = table("said.csv").at(0);
  CHECK_MESSAGE(done.says(fmt::format("{:.1f} years ± {:.1f}, age {:.1f}: gap", number(first, "predicted_age"),
                                      number(first, "predicted_age_sd"), number(first, "age"))),
                done.text);
}

TEST_CASE("predict: models that differ in anything that a scan goes through are refused") {
  const TrainedModel model = read_model(two().first);
  const auto check = [&](const std::function<void(Preprocessing&, TrainingPart&)>& change) {
    TrainedModel other = model;
    other.path = "other.h5";
    change(other.prediction.preprocessing, other.prediction.training);
    const std::vector<TrainedModel> models = {model, model, other};
    cg::test::check_fails([&] { check_same_input(models); }, ErrorKind::usage, {"other.h5", "another grid, modality"});
  };
  CHECK_NOTHROW(check_same_input(std::vector{model, model}));
  check([](auto& p, auto&) { p.grid.extents[0] += 1; });
  check([](auto& p, auto&) { p.grid.affine.m[1][3] += 1; });
  check([](auto& p, auto&) { p.sampling = Sampling::nearest; });
  check([](auto& p, auto&) { p.nan_is_zero = !p.nan_is_zero; });
  check([](auto& p, auto&) { p.has_affine = !p.has_affine; });
  check([](auto&, auto& t) { t.modality = "t1"; });
  check([](auto&, auto& t) { t.unit = "a.u."; });
}

TEST_CASE("predict: the output never replaces a model of the run folder, or one of several models") {
  const std::string before = contents(two().first);
  for (const std::string& models : {two().folder, two().second + " " + two().first}) {
    const Finished refused = predict(models + " " + workplace().cohort + " --out " + two().first);
    CHECK(refused.code == 2);
    CHECK_MESSAGE(refused.says("the output would replace an input file"), refused.text);
    CHECK(contents(two().first) == before);
  }
}

TEST_CASE("predict: models of other scans, a folder without models and models alone are refused") {
  const Finished grid = predict(two().first + " " + two().second);
  CHECK(grid.code == 2);
  const Finished none = predict(workplace().folder + " " + workplace().cohort);
  CHECK(none.code == 3);
  CHECK(none.says("no model files"));
  const Finished absent = predict("nowhere " + workplace().cohort);
  CHECK(absent.code == 3);
  CHECK(absent.says("nowhere: no such file"));
  const std::string coarse = workplace().folder + "/synthetic-coarse.h5";
  phantom::CohortOptions options;
  options.subjects = tiny_subjects;
  options.voxel_mm = 12;
  phantom::write_cohort(options, coarse);
  const Result fine = run_tiny("other-grid", "seeds=3 train.epochs=2 --device cpu", coarse);
  REQUIRE_MESSAGE(fine.code == 0, fine.text);
  const Finished mixed = predict(two().first + " " + workplace().folder + "/other-grid/model.h5 " + workplace().cohort);
  CHECK(mixed.code == 2);
  CHECK(mixed.says("another grid"));
}
