// SPDX-License-Identifier: Apache-2.0
// The model file: all parts for a prediction are read back unchanged, and a file with false content is refused.
#include "experiments/record/trained_model.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "data/formats/weights_file.h"
#include "experiments/record/model_file.h"
#include "losses/dynlocrep.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/experiments/runner/tiny_run.h"
#include "tests/support/thrown.h"

using namespace cg;
using cg::test::check_fails;
using cg::test::contents;
using cg::test::TemporaryFile;
using nlohmann::json;

namespace {

const ModelOptions network = {.channels = 1, .width = 2, .embedding = 3};

/// All fields are set and different.
Prediction full(bool expectation = false) {
  Prediction p;
  p.features = Features::projected;
  p.activations = DType::bf16;
  p.predictor = {.weights = {0.1, -0.2, 1e-17}, .bias = {1.0 / 3}, .penalty = 10};
  if (expectation)
    p.predictor = {.weights = {1, 2, 3, 4, 5, 6}, .bias = {0.5, 0.25}, .expectation = true, .first_year = 18};
  p.bias = {.intercept = 4.5, .slope = -0.125};
  p.preprocessing.grid = {{3, 4, 2}, Affine::scale({2, 2, 2.5}, {-3, -4, -5})};
  p.preprocessing.sampling = Sampling::linear;
  p.preprocessing.nan_is_zero = true;
  p.preprocessing.intensity = Intensity{.mean = 2.5, .sd = 0.75, .count = 1e6};
  p.training = {.cohort = "abc",
                .modality = "t1",
                .unit = "a.u.",
                .synthetic = true,
                .subjects = 248,
                .youngest = 18.5,
                .oldest = 88.25,
                .mean = {1, 2, 3, 4},
                .sd = {5, 6, 7, 8},
                .coverage = {9, 10, 11, 12},
                .outside = {13, 14, 15, 16},
                .occupancy = std::vector<float>(24, 0.5f)};
  p.subjects = {{"train", {.ids = {"0123456789abcdef"}, .maps = {"fedcba9876543210", "00000000000000ff"}}},
                {"validation", {.ids = {"0000000000000001"}, .maps = {}}}};
  return p;
}

Prediction reread(const std::string& text) { return prediction_from_json("m.h5", text, network); }

/// The JSON of a prediction with one change.
std::string with(const std::function<void(json&)>& change, bool expectation = false) {
  json j = json::parse(to_json(full(expectation)));
  change(j);
  return j.dump();
}

}  // namespace

TEST_CASE("Trained model: all parts for a prediction are read back from the text to the bit") {
  for (const bool expectation : {false, true}) {
    const Prediction p = full(expectation), q = reread(to_json(p));
    CHECK(to_json(q) == to_json(p));
    CHECK(q.predictor.weights == p.predictor.weights);
    CHECK(q.predictor.bias == p.predictor.bias);
    CHECK(q.predictor.expectation == expectation);
    CHECK(q.bias.slope == p.bias.slope);
    CHECK(q.activations == DType::bf16);
    CHECK(q.preprocessing.grid.affine == p.preprocessing.grid.affine);
    CHECK(q.preprocessing.intensity->sd == 0.75);
    CHECK(q.training.outside.most == 16);
    CHECK(q.subjects == p.subjects);
  }
  Prediction own = full();
  own.preprocessing.intensity.reset();
  own.subjects.reset();  // as in files of earlier versions
  CHECK_FALSE(reread(to_json(own)).preprocessing.intensity);
  CHECK_FALSE(reread(to_json(own)).subjects);
}

TEST_CASE("Trained model: a member that is missing, of a wrong type or out of range is refused") {
  const json good = json::parse(to_json(full(true)));
  const json flat = good.flatten();
  for (const auto& [name, value] : flat.items()) {
    const json::json_pointer place(name);
    CAPTURE(name);
    check_fails([&] { reread(with([&](json& j) { j[place] = json::object(); }, true)); }, ErrorKind::corrupt, {"m.h5"});
    check_fails([&] { reread(with([&](json& j) { j[place] = nullptr; }, true)); }, ErrorKind::corrupt, {"m.h5"});
  }
  for (const char* text : {"", "[]", "5", "{", "{}"})
    check_fails([&] { reread(text); }, ErrorKind::corrupt, {"m.h5", "prediction"});
  const auto refused = [&](const std::function<void(json&)>& change, const std::string& word) {
    check_fails([&] { reread(with(change)); }, ErrorKind::corrupt, {"m.h5", word});
  };
  refused([](json& j) { j["preprocessing"]["grid"] = {1e9, 1e9, 1e9}; }, "grid has");
  refused([](json& j) { j["preprocessing"]["grid"] = {0, 4, 2}; }, "grid has");
  refused([](json& j) { j["preprocessing"]["grid"] = {3, 4}; }, "wrong size");
  refused([](json& j) { j["preprocessing"]["affine"][0] = {0, 0, 0, 0}; }, "in one plane");
  refused([](json& j) { j["preprocessing"]["intensity"]["sd"] = 0; }, "sd is 0");
  refused([](json& j) { j["preprocessing"]["sampling"] = "other"; }, "sampling has the unknown value \"other\"");
  refused([](json& j) { j["predictor"]["weights"] = {1, 2}; }, "2 weights");
  refused([](json& j) { j["predictor"]["bias"] = json::array(); }, "0 biases");
  refused([](json& j) { j["predictor"]["bias"] = {1, 2}; }, "biases");
  refused([](json& j) { j["activations"] = "float8"; }, "activations");
  refused([](json& j) { j["training"]["subjects"] = -1; }, "subjects");
  refused([](json& j) { j["subjects"]["train"]["ids"][0] = "short"; }, "ids contains a value that is not 16");
  refused([](json& j) { j["subjects"]["train"].erase("maps"); }, "maps is missing");
}

TEST_CASE("Trained model: subjects are recognised by their map before their id, whatever way the id is written") {
  const auto at = [](const std::string& id) { return id_digest(id); };
  CHECK(at("phantom-00007") == at("sub-phantom00007"));
  CHECK(at("07") == at("sub-07"));
  CHECK(at("07") != at("7"));
  CHECK(at("žena") != at("ena"));
  const std::string map(64, 'a'), other(64, 'b');
  const KnownSubjects known = {{"train", {.ids = {at("x")}, .maps = {short_map_digest(map)}}},
                               {"validation", {.ids = {at("y")}, .maps = {}}}};
  const auto found = [&](const std::string& id, const std::string& voxels, const std::string& person = "") {
    return recognised(known, Subject{id, 0, "", "", person}, voxels);
  };
  CHECK(found("y", map)->part == "train");
  CHECK(found("y", map)->by_map);
  CHECK(found("y", other)->part == "validation");
  CHECK_FALSE(found("y", other)->by_map);
  CHECK_FALSE(found("z", other));
  CHECK(found("x_ses-2", other, "x")->part == "train");  // another session of a training subject
}

TEST_CASE("Trained model: a million nested lists are refused without a stack overflow") {
  constexpr std::size_t deep = 1'000'000;
  const std::string numbers = json(full().predictor.weights).dump();
  std::string text = to_json(full());
  text.replace(text.find(numbers), numbers.size(), std::string(deep, '[') + std::string(deep, ']'));
  check_fails([&] { reread(text); }, ErrorKind::corrupt, {"m.h5", "nested too deep"});
}

TEST_CASE("Trained model: weights and prediction are read back; a missing or exchanged part is refused") {
  HostBackend backend;
  LearnerOptions options;
  options.model = network;
  Learner learner(backend, options, make_loss<DynLocRep>());
  const TemporaryFile file("model.h5"), other("other.h5");
  const Prediction p = full();
  write_model(file.path, learner, &p);
  const TrainedModel model = read_model(file.path);
  CHECK(model.network.width == 2);
  CHECK(model.prediction.training.occupancy == p.training.occupancy);
  for (const Parameter* parameter : learner.model().parameters()) {
    const std::vector<float>& values = model.values.at(parameter->name);
    CHECK(std::vector<double>(values.begin(), values.end()) == learner.parameters().read(*parameter));
  }
  write_model(other.path, learner);
  check_fails([&] { read_model(other.path); }, ErrorKind::data, {other.path, "no predictor of age"});
  const auto rewritten = [&](const std::function<void(std::vector<NamedArray>&, Texts&)>& change) {
    const std::string bytes = contents(file.path);
    WeightsFile read = read_weights(file.path, bytes, {[](const auto&) { return true; }, bound_of_values(bytes)});
    change(read.arrays, read.texts);
    std::ofstream(other.path, std::ios::binary) << weights_bytes(WeightsFormat::hdf5, read.arrays, read.texts);
  };
  const auto refused = [&](const std::function<void(std::vector<NamedArray>&, Texts&)>& change,
                           const std::string& word) {
    rewritten(change);
    check_fails([&] { read_model(other.path); }, ErrorKind::corrupt, {other.path, word});
  };
  const auto erase = [](std::vector<NamedArray>& arrays, const std::string& name) {
    std::erase_if(arrays, [&](const NamedArray& a) { return a.name == name; });
  };
  rewritten([](auto&, auto&) {});
  CHECK_NOTHROW(read_model(other.path));
  refused([&](auto& arrays, auto&) { erase(arrays, "prediction.occupancy"); }, "prediction.occupancy");
  refused([&](auto& arrays, auto&) { erase(arrays, "head.2.bias"); }, "head.2.bias");
  refused([&](auto& arrays, auto&) { arrays.push_back({"more", {1}, {1}}); }, "more");
  refused([&](auto&, auto& texts) { texts["width"] = "4"; }, "do not fit the network");
  refused([&](auto&, auto& texts) { texts["width"] = "0"; }, "width or embedding of the network is 0");
  refused([&](auto&, auto& texts) { texts["width"] = "1e300"; },
          "\"width\" is missing, or is not a number from 0 to 512");
  refused([&](auto&, auto& texts) { texts.erase("embedding"); }, "\"embedding\" is missing");
  refused([&](auto&, auto& texts) { texts["prediction"] = "{}"; }, "prediction");
}
