// SPDX-License-Identifier: Apache-2.0
// Weights that were trained on subjects of the test part are refused, by the real program: for equal maps and for equal
// ids, in a run and with --check.
#include "experiments/record/shared_subjects.h"

#include <doctest/doctest.h>

#include <set>

#include "data/cohort_h5.h"
#include "data/formats/weights_file.h"
#include "experiments/record/model_file.h"
#include "tests/experiments/prediction/predicted.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// The tiny phantom with another seed, or with other ids.
std::string other_cohort(const std::string& name, std::uint32_t seed, const std::string& id_begins) {
  const std::string path = workplace().folder + "/" + name, phantom = path + ".phantom.h5";
  phantom::CohortOptions options;
  options.subjects = tiny_subjects;
  options.voxel_mm = 14;
  options.threads = 1;
  options.seed = seed;
  phantom::write_cohort(options, phantom);
  const CohortFile from(phantom);
  const Shape v = from.volume_shape();
  std::vector<float> maps;
  std::vector<double> ages;
  std::vector<std::string> ids;
  for (Index i = 0; i < from.size(); ++i) {
    const std::vector<float> map = from.volume(i).values;
    maps.insert(maps.end(), map.begin(), map.end());
    ages.push_back(from.subject(i).age);
    ids.push_back(id_begins + from.subject(i).id.substr(from.subject(i).id.size() - 2));
  }
  H5Writer file(path);
  file.floats("maps", {from.size(), 1, v[0], v[1], v[2]}, maps);
  file.numbers("age", {from.size()}, ages);
  file.strings("participant_id", ids);
  file.attribute("voxel_mm", from.voxel_mm());
  file.attribute("synthetic", 1.0);
  file.commit();
  return path;
}

const std::string quick = "seeds=0 train.epochs=2 --device cpu ";

/// The weights of a run on the tiny cohort, whose fold 0 it did not see.
const std::string& weights() {
  static const std::string path = [] {
    const Result result = run_tiny("source", quick);
    REQUIRE_MESSAGE(result.code == 0, result.text);
    return workplace().folder + "/source/model.h5";
  }();
  return path;
}

Result tune(const std::string& out, const std::string& more, const std::string& cohort = workplace().cohort) {
  return run_tiny(out, quick + "pretrained.weights=" + weights() + " " + more, cohort);
}

/// Refused with exit code 2, in the run and with --check, without a run folder.
void check_refused(const std::string& more, const std::string& cohort, const std::vector<std::string>& words) {
  for (const std::string flag : {"", " --check"}) {
    const Result result = tune("refused", more + flag, cohort);
    check_fails(result, 2, {"error: pretrained.weights: " + weights() + " was trained on "});
    check_fails(result, 2, words);
    CHECK(result.text.find("seed 0, epoch") == std::string::npos);  // no epoch
  }
  CHECK_FALSE(fs::exists(workplace().folder + "/refused"));
}

}  // namespace

TEST_CASE("shared subjects: the same fold starts from the weights, and another fold is refused, with its subjects") {
  const Result same = tune("same", "");
  REQUIRE_MESSAGE(same.code == 0, same.text);
  CHECK(same.text.find("subjects: no subject of the test part was in the training") != std::string::npos);
  CHECK(tune("same-check", "--check").code == 0);
  std::map<std::string, std::string> part;
  for (const auto& row : table("source/predictions.csv")) part[row.at("participant_id")] = row.at("part");
  const CohortFile file(workplace().cohort);
  DataOptions fold;
  fold.fold = 1;
  std::vector<std::string> words = {"5 of the 5 subjects of the test part", "the same map: ", "--not-in"};
  for (const Index i : split_of(fold, file).test) {
    REQUIRE(part.at(file.subject(i).id) == "train");
    words.push_back(file.subject(i).id);
  }
  check_refused("data.fold=1", workplace().cohort, words);
}

TEST_CASE("shared subjects: the validation part of the pre-training counts, its test part does not") {
  REQUIRE(run_tiny("chosen", quick + "data.validation=0.3").code == 0);
  const std::string list = workplace().folder + "/tested.txt";
  const std::string options = quick + "pretrained.weights=chosen/model.h5 data.split=ids data.test_ids=" + list;
  std::map<std::string, std::string> one_of;
  for (const auto& row : table("chosen/predictions.csv")) one_of[row.at("part")] = row.at("participant_id");
  for (const char* part : {"train", "validation", "test"}) {
    CAPTURE(part);
    std::ofstream(list) << one_of.at(part) << "\n";
    const Result result = run_tiny("chosen-" + std::string(part), options + " --check");
    if (std::string(part) == "test")
      CHECK_MESSAGE(result.code == 0, result.text);
    else
      check_fails(result, 2, {"the same map: " + one_of.at(part)});
  }
}

TEST_CASE("shared subjects: other maps with the same ids are refused, unless the setting says that they are others") {
  const std::string cohort = other_cohort("namesakes.h5", 9, "phantom-000");
  check_refused("data.fold=2", cohort, {"the same id: phantom-000", "pretrained.equal_ids = \"other_person\""});
  const Result others = tune("others", "data.fold=2 pretrained.equal_ids=other_person", cohort);
  CHECK_MESSAGE(others.code == 0, others.text);
  CHECK(others.text.find("subjects: no map of the test part was in the training") != std::string::npos);
}

TEST_CASE("shared subjects: the same maps under other ids are refused, whatever the setting says") {
  const std::string cohort = other_cohort("renamed.h5", 1, "new-");
  for (const char* setting : {"", " pretrained.equal_ids=other_person"})
    check_refused(std::string("data.fold=3") + setting, cohort, {"the same map: new-"});
}

TEST_CASE("shared subjects: weights that do not name their subjects are not refused, and the run says so") {
  const std::string path = workplace().folder + "/nameless.safetensors";
  for (const bool prediction : {false, true}) {  // no prediction at all; or one of an earlier version
    const std::string bytes = contents(weights());
    WeightsFile file = read_weights(weights(), bytes, {[](const auto&) { return true; }, bound_of_values(bytes)});
    auto json = nlohmann::json::parse(file.texts.at("prediction"));
    REQUIRE(json.erase("subjects") == 1);
    file.texts["prediction"] = json.dump();
    if (!prediction) file.texts.erase("prediction");
    std::ofstream(path, std::ios::binary) << weights_bytes(WeightsFormat::safetensors, file.arrays, file.texts);
    const std::string out = prediction ? "earlier" : "nameless";
    const Result result = run_tiny(out, quick + "data.fold=1 pretrained.weights=" + path);
    REQUIRE_MESSAGE(result.code == 0, result.text);
    CHECK(result.text.find("subjects: not checked: the weights file does not name the subjects") != std::string::npos);
  }
  const Finished converted =
      run_program(workplace().folder, "convert_weights", "source/model.h5 kept.safetensors --overwrite");
  REQUIRE_MESSAGE(converted.code == 0, converted.text);
  check_fails(run_tiny("kept", quick + "data.fold=1 pretrained.weights=kept.safetensors"), 2, {"the same map: "});
}

TEST_CASE("shared subjects: a text of subjects that is damaged is refused as corrupt") {
  const std::string bytes = contents(weights()), path = workplace().folder + "/damaged.h5";
  WeightsFile file = read_weights(weights(), bytes, {[](const auto&) { return true; }, bound_of_values(bytes)});
  for (const char* text : {"{", R"({"subjects": 3})", R"({"subjects": {"train": {"ids": [1], "maps": []}}})"}) {
    CAPTURE(text);
    file.texts["prediction"] = text;
    std::ofstream(path, std::ios::binary) << weights_bytes(WeightsFormat::hdf5, file.arrays, file.texts);
    check_fails(run_tiny("damaged", quick + "pretrained.weights=" + path), 4, {"damaged.h5", "prediction"});
  }
}

TEST_CASE("shared subjects: a model knows the subjects of its pre-training, for predict and for the next training") {
  const std::string cohort = other_cohort("second.h5", 9, "second-");
  const Result tuned = tune("tuned", "", cohort);
  REQUIRE_MESSAGE(tuned.code == 0, tuned.text);
  const auto known = read_model(workplace().folder + "/tuned/model.h5").prediction.subjects;
  REQUIRE(known);
  CHECK(known->at("pretraining").maps == read_model(weights()).prediction.subjects->at("train").maps);
  REQUIRE(predict("tuned/model.h5 " + workplace().cohort + " --out tuned.csv").code == 0);
  std::set<std::string> words;
  for (const auto& row : table("tuned.csv")) words.insert(row.at("trained_on"));
  std::string all;
  for (const std::string& word : words) all += word + ";";
  CHECK(all == ";pretraining;");
  check_fails(run_tiny("third", quick + "data.fold=1 pretrained.weights=tuned/model.h5"), 2,
              {"the same map: phantom-"});
}
