// SPDX-License-Identifier: Apache-2.0
// Whole runs of the real executable on a tiny synthetic cohort: what the run folder holds, that its files agree, that a
// seed repeats itself, and the exit codes of runs that fail.
#include <doctest/doctest.h>
#include <hdf5.h>

#include <cmath>

#include "data/cohort_h5.h"
#include "data/formats/hdf5_file.h"
#include "layers/file_order.h"
#include "layers/model.h"
#include "losses/registry.h"
#include "tensor/backend.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/experiments/runner/tiny_run.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

constexpr Index subjects = tiny_subjects, test_part = 5;  // five folds, the first one longer

/// Mean |age − predicted| over the test rows of a seed.
double mae_of(const Rows& predictions, const std::string& seed) {
  double sum = 0, n = 0;
  for (const auto& row : predictions)
    if (row.at("seed") == seed && row.at("part") == "test") {
      sum += std::abs(std::stod(row.at("age")) - std::stod(row.at("predicted")));
      ++n;
    }
  CHECK(n == test_part);
  return sum / n;
}

Result run(const std::string& out, const std::string& more, const std::string& cohort = workplace().cohort) {
  return run_tiny(out, "train.epochs=2 " + more, cohort);
}

/// The run that most cases look at: two seeds, features kept after both epochs.
const Result& first_run() {
  static const Result result = run("first", "seeds=0,1 --device cpu evaluation.embeddings_at=1,2");
  return result;
}

}  // namespace

TEST_CASE("a run: the folder holds every file, and its tables have one row per epoch and one row per subject") {
  REQUIRE_MESSAGE(first_run().code == 0, first_run().text);
  for (const char* words : {"*** SYNTHETIC PHANTOM: these brains are computed", "device      cpu: "})
    CHECK_MESSAGE(first_run().text.find(words) != std::string::npos, first_run().text);
  for (const char* name : {"config.resolved.toml", "environment.json", "metrics.csv", "predictions.csv", "summary.json",
                           "model-seed0.h5", "model-seed1.h5", "embeddings.h5"}) {
    CAPTURE(name);
    CHECK(fs::exists(workplace().folder + "/first/" + name));
  }
  for (const auto& entry : fs::directory_iterator(workplace().folder + "/first"))
    CHECK(entry.path().filename().string().find("tmp") == std::string::npos);
  const Rows rows = metrics("first");
  REQUIRE(rows.size() == 4);
  for (std::size_t k = 0; k < 4; ++k) {
    CHECK(rows[k].at("seed") == std::to_string(k / 2));
    CHECK(rows[k].at("epoch") == std::to_string(k % 2 + 1));
    CHECK(std::isfinite(std::stod(rows[k].at("loss"))));
    CHECK(rows[k].at("mae").empty() == (k % 2 == 0));  // evaluated after the last epoch
  }
  const Rows predictions = table("first/predictions.csv");
  CHECK(predictions.size() == 2 * subjects);
  std::map<std::string, int> seen;
  for (const auto& row : predictions) ++seen[row.at("participant_id")];
  CHECK(seen.size() == subjects);
}

TEST_CASE("a run: summary.json agrees with predictions.csv and metrics.csv") {
  REQUIRE(first_run().code == 0);
  const auto results = summary("first");
  const Rows predictions = table("first/predictions.csv"), rows = metrics("first");
  REQUIRE(rows.size() == 4);
  double sum = 0;
  for (std::size_t seed = 0; seed < 2; ++seed) {
    const double mae = mae_of(predictions, std::to_string(seed));
    CHECK(results["seeds"][seed]["mae"].get<double>() == doctest::Approx(mae).epsilon(1e-8));  // ten digits in the CSV
    CHECK(std::stod(rows[2 * seed + 1].at("mae")) == doctest::Approx(mae).epsilon(1e-8));
    CHECK(results["seeds"][seed]["loss"].get<double>() ==
          doctest::Approx(std::stod(rows[2 * seed + 1].at("loss"))).epsilon(1e-8));
    sum += mae;
  }
  CHECK(results["test"]["mae"].get<double>() == doctest::Approx(sum / 2).epsilon(1e-8));
  CHECK(results["seeds"][0]["mae"] != results["seeds"][1]["mae"]);
}

TEST_CASE("a run: spread over seeds and error of the mean age are those of the tables, and are printed") {
  REQUIRE(first_run().code == 0);
  const auto results = summary("first");
  const double a = results["seeds"][0]["mae"], b = results["seeds"][1]["mae"], sd = std::abs(a - b) / std::sqrt(2.0);
  CHECK(results["test"]["mae_sd"].get<double>() == doctest::Approx(sd));
  double train = 0, n = 0, error = 0;
  const Rows predictions = table("first/predictions.csv");
  for (const auto& row : predictions)
    if (row.at("part") == "train") {
      train += std::stod(row.at("age"));
      ++n;
    }
  for (const auto& row : predictions)
    if (row.at("part") == "test") error += std::abs(std::stod(row.at("age")) - train / n) / (2 * test_part);
  CHECK(results["baseline"]["mae"].get<double>() == doctest::Approx(error).epsilon(1e-8));
  const double r0 = results["seeds"][0]["r"], r1 = results["seeds"][1]["r"], r_sd = std::abs(r0 - r1) / std::sqrt(2.0);
  const std::string line =
      fmt::format("test MAE {:.3f} ± {:.3f} years, r {:.3f} ± {:.3f}, ", (a + b) / 2, sd, (r0 + r1) / 2, r_sd);
  CHECK_MESSAGE(first_run().text.find(line) != std::string::npos, first_run().text);
  CHECK(first_run().text.find(fmt::format("predicting the mean age: MAE {:.3f} years", error)) != std::string::npos);
  CHECK(first_run().text.find("on a SYNTHETIC PHANTOM cohort: not a replication") != std::string::npos);
}

TEST_CASE("a run: a validation part is announced and has its own error; a test part that is watched is a warning") {
  const std::string warning = "choose nothing by it";
  const Result held = run("held", "seeds=0 data.validation=0.2 evaluation.every=1 --device cpu"),
               watched = run("watched", "seeds=0 evaluation.every=1 evaluation.watch=test --device cpu");
  REQUIRE_MESSAGE(held.code == 0, held.text);
  REQUIRE_MESSAGE(watched.code == 0, watched.text);
  CHECK(held.text.find("15 to train, 4 for validation, 5 to test") != std::string::npos);
  CHECK(held.text.find(warning) == std::string::npos);
  for (const char* line : {"seed 0, epoch 1: loss ", " validation MAE ", "seed 0, epoch 2: loss ", ", test MAE "})
    CHECK_MESSAGE(held.text.find(line) != std::string::npos, held.text);
  CHECK(watched.text.find(warning) != std::string::npos);
  double sum = 0, n = 0;
  for (const auto& row : table("held/predictions.csv"))
    if (row.at("part") == "validation") {
      sum += std::abs(std::stod(row.at("age")) - std::stod(row.at("predicted")));
      ++n;
    }
  CHECK(n == 4);
  CHECK(summary("held")["validation"]["mae"].get<double>() == doctest::Approx(sum / n).epsilon(1e-8));
  CHECK_FALSE(summary("watched").contains("validation"));
}

TEST_CASE("a run: an error that is not below that of the mean age is reported for its seed") {
  const std::string cohort = workplace().folder + "/synthetic-average.h5", list = workplace().folder + "/average.txt";
  fs::copy_file(workplace().cohort, cohort);
  std::vector<double> ages(subjects, 40.0);  // those of the test part have the mean age of the training part
  for (std::size_t i = 4; i < ages.size(); ++i) ages[i] += i % 2 == 0 ? 10 : -10;
  const hid_t file = open_to_change(cohort), column = H5Dopen2(file, "age", H5P_DEFAULT);
  REQUIRE(H5Dwrite(column, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, ages.data()) >= 0);
  H5Dclose(column);
  H5Fclose(file);
  std::ofstream(list) << "phantom-00000\nphantom-00001\nphantom-00002\nphantom-00003\n";
  const Result result = run("average", "seeds=3 --device cpu data.split=ids data.test_ids=" + list, cohort);
  REQUIRE_MESSAGE(result.code == 0, result.text);
  CHECK(summary("average")["baseline"]["mae"] == 0);
  CHECK_MESSAGE(result.text.find("warning: seed 3: the test error of ridge") != std::string::npos, result.text);
  // The file was changed by another program; that of the first run is as it was written.
  CHECK(result.text.find("not verified") != std::string::npos);
  CHECK(first_run().text.find("not verified") == std::string::npos);
}

TEST_CASE("a run: the model file has every parameter in the published shape, and counts the batches") {
  REQUIRE(first_run().code == 0);
  const H5Reader file(workplace().folder + "/first/model-seed1.h5");
  Model model({.channels = 1, .width = 4, .embedding = 8});
  std::size_t expected = 0;
  for (const Parameter* p : model.parameters()) {
    CAPTURE(p->name);
    ++expected;
    REQUIRE(file.has(p->name));
    CHECK(file.shape(p->name) == file_shape(p->shape));
    for (const double value : file.numbers(p->name)) REQUIRE(std::isfinite(value));
    if (!p->name.ends_with("running_mean")) continue;
    const std::string counter = p->name.substr(0, p->name.rfind('.')) + ".num_batches_tracked";
    CHECK(file.numbers(counter) == std::vector<double>{2 * 3});  // epochs × batches of 8, 8, 3
    ++expected;
  }
  CHECK(file.members().size() == expected + 2);  // what a prediction needs: a text and an array
  CHECK(file.number_attribute("width") == 4);
}

TEST_CASE("a run: features are kept for every subject, seed and epoch, and embeddings have unit length") {
  REQUIRE(first_run().code == 0);
  const H5Reader file(workplace().folder + "/first/embeddings.h5"), cohort(workplace().cohort);
  CHECK(file.has_sums());
  CHECK(file.strings("participant_id") == cohort.strings("participant_id"));
  CHECK(file.numbers("age") == cohort.numbers("age"));
  CHECK(file.text_attribute("unit", "age") == "years");
  CHECK(file.strings("study") == CohortFile(workplace().cohort).column("study"));
  std::map<std::string, std::string> parts;
  for (const auto& row : table("first/predictions.csv")) parts[row.at("participant_id")] = row.at("part");
  const std::vector<std::string> ids = file.strings("participant_id"), part = file.strings("part");
  REQUIRE(part.size() == subjects);
  for (std::size_t i = 0; i < subjects; ++i) CHECK(part[i] == parts.at(ids[i]));
  CHECK(file.number_attribute("synthetic") == 1);
  CHECK(file.text_attribute("loss") == "dynlocrep");
  CHECK(file.text_attribute("cohort") == "synthetic-phantom.h5");
  CHECK(file.text_attribute("cohort_sha256") == summary("first")["cohort"]["sha256"]);
  for (const char* group : {"seed0/epoch1", "seed0/epoch2", "seed1/epoch1", "seed1/epoch2"}) {
    CAPTURE(group);
    CHECK(file.shape(std::string(group) + "/encoder") == Shape{subjects, 32});
    const auto z = file.numbers(std::string(group) + "/projected");
    REQUIRE(z.size() == subjects * 8);
    for (std::size_t i = 0; i < subjects; ++i) {
      double length = 0;
      for (std::size_t k = 0; k < 8; ++k) length += z[i * 8 + k] * z[i * 8 + k];
      CHECK(length == doctest::Approx(1).epsilon(1e-5));  // float32
    }
  }
  CHECK(file.numbers("seed0/epoch1/projected") != file.numbers("seed0/epoch2/projected"));
  CHECK(file.numbers("seed0/epoch2/projected") != file.numbers("seed1/epoch2/projected"));
}

TEST_CASE("a run: the same seed gives the same losses and predictions, to the byte, alone or after another") {
  REQUIRE(first_run().code == 0);
  REQUIRE(run("again", "seeds=0,1 --device cpu evaluation.embeddings_at=1,2").code == 0);
  CHECK(bytes("again/predictions.csv") == bytes("first/predictions.csv"));
  CHECK(metrics("again") == metrics("first"));
  const Result alone = run("alone", "seeds=1 --device cpu");
  REQUIRE_MESSAGE(alone.code == 0, alone.text);
  const Rows rows = metrics("alone"), both = metrics("first");
  CHECK(rows == Rows(both.begin() + 2, both.end()));
  CHECK(fs::exists(workplace().folder + "/alone/model.h5"));
}

TEST_CASE("a run: every loss trains, and its model file has the same parameters") {
  for (const std::string& name : loss_names()) {
    CAPTURE(name);
    const Result result = run(name, "seeds=0 loss.name=" + name);
    REQUIRE_MESSAGE(result.code == 0, result.text);
    CHECK(H5Reader(workplace().folder + "/" + name + "/model.h5").members().size() ==
          H5Reader(workplace().folder + "/" + loss_names()[0] + "/model.h5").members().size());
  }
  CHECK(metrics("simclr") != metrics("nnclr"));
}

TEST_CASE("a run: printed Threshold is refused if its weights are too large to train with") {
  check_fails(run("printed", "loss.name=threshold loss.formulation=printed"), 2,
              {"loss.threshold", "at most 1e6", "loss.formulation"});
}

TEST_CASE("a run: the reference device and the fast kernels agree in float32") {
  // At a rate that all but stands still: batch norm over a short batch of three voxels makes training itself chaotic.
  const std::string options = "seeds=0 train.learning_rate=1e-9 model.precision=float32 --device ";
  const Result reference = run("reference", options + "reference"), cpu = run("cpu", options + "cpu");
  REQUIRE_MESSAGE(reference.code == 0, reference.text);
  REQUIRE_MESSAGE(cpu.code == 0, cpu.text);
  const Rows slow = metrics("reference"), fast = metrics("cpu");
  REQUIRE(slow.size() == 2);
  REQUIRE(fast.size() == 2);
  for (std::size_t k = 0; k < 2; ++k)
    CHECK(std::stod(slow[k].at("loss")) == doctest::Approx(std::stod(fast[k].at("loss"))).epsilon(1e-3));
  CHECK(std::abs(std::stod(slow[1].at("mae")) - std::stod(fast[1].at("mae"))) < 0.1);  // years
}

TEST_CASE("a run that fails: unknown keys end with 2, and nothing is written") {
  check_fails(run("unknown", "train.epoch=3"), 2, {"unknown key \"epoch\"", "epochs"});
  CHECK_FALSE(fs::exists(workplace().folder + "/unknown"));
}

TEST_CASE("a run that fails: a last batch of one subject ends with 2, and --check says so too") {
  for (const char* more : {"data.validation=0.1", "data.validation=0.1 --check"})  // 19 - 2 = 2 · 8 + 1
    check_fails(run("single", more), 2, {"the last batch has one subject only", "17 training subjects"});
  CHECK_FALSE(fs::exists(workplace().folder + "/single"));
}

TEST_CASE("a run that fails: a missing cohort, an age that is not finite and a NaN map end with 3") {
  check_fails(run("bad", "", workplace().folder + "/none.h5"), 3, {"none.h5", "no such file"});
  CHECK_FALSE(fs::exists(workplace().folder + "/bad"));  // the corrected command can name the same folder

  const std::string path = workplace().folder + "/made.h5";
  const auto make = [&](double age, double voxel) {
    RawFile raw(path);
    std::vector<double> maps(subjects * 512), ages(subjects, 40);
    for (std::size_t k = 0; k < maps.size(); ++k) maps[k] = 1 + static_cast<double>(k % 7);
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < ages.size(); ++i) ids.push_back("made-" + std::to_string(i));
    for (std::size_t i = 0; i < ages.size(); ++i) ages[i] += static_cast<double>(i);
    ages[3] = age;
    for (std::size_t i = 0; i < ages.size(); ++i) maps[i * 512 + 5] = voxel;  // of training and test subjects
    raw.numbers("maps", {subjects, 1, 8, 8, 8}, maps);
    raw.numbers("age", {subjects}, ages);
    raw.texts("participant_id", ids);
    raw.attribute("voxel_mm", {2});
  };
  make(std::nan(""), 1);
  check_fails(run("bad", "", path), 3, {path, "row 3", "the age is nan"});
  CHECK_FALSE(fs::exists(workplace().folder + "/bad"));
  make(30, std::nan(""));
  check_fails(run("bad-map", "", path), 3, {path, "24 problems", "row 0", "row 19", "voxel 5 is nan", "and 4 more"});
  CHECK_FALSE(fs::exists(workplace().folder + "/bad-map"));
}

TEST_CASE("a run that fails: after an error in the first step, the corrected command can use the same folder") {
  check_fails(run("corrected", "loss.name=threshold loss.formulation=printed seeds=0"), 2, {"threshold", "weight"});
  const Result corrected = run("corrected", "loss.name=threshold seeds=0");
  CHECK(corrected.code == 0);
  std::string why;  // there is no GPU: named, as none was asked for
  CHECK((corrected.text.find("(no CUDA: ") == std::string::npos) == (make_cuda_backend(why) != nullptr));
  check_fails(run("corrected", "loss.name=simclr seeds=0"), 9,
              {"another configuration; the new run has loss.name = \"simclr\" instead of"});
}

TEST_CASE("a run that fails: a cohort file cut short ends with 4") {
  const std::string path = workplace().folder + "/cut.h5";
  fs::copy_file(workplace().cohort, path);
  fs::resize_file(path, fs::file_size(path) * 2 / 3);
  check_fails(run("cut", "", path), 4, {path});
}

TEST_CASE("a run that fails: numbers that are not finite end with 5 and name layer, epoch, step and subjects") {
  const Result result = run("numbers", "seeds=0 --device cpu loss.base_temperature=1e-44");
  check_fails(result, 5, {"gradient", "seed 0", "epoch 1", "step 1", "subjects phantom-"});
  CHECK((result.text.find("encoder.") != std::string::npos || result.text.find("head.") != std::string::npos));
}

TEST_CASE("a run that fails: a finished folder ends with 9 and is unchanged; --overwrite repeats the run") {
  REQUIRE(first_run().code == 0);
  const std::string options = "seeds=0,1 --device cpu evaluation.embeddings_at=1,2",
                    before = bytes("first/metrics.csv");
  check_fails(run("first", options), 9, {"finished", "--overwrite"});
  CHECK(bytes("first/metrics.csv") == before);
  CHECK(run("first", options + " --overwrite").code == 0);
  CHECK(table("first/predictions.csv").size() == 2 * subjects);
}
