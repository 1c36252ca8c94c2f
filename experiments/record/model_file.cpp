// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/model_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "data/files/digest.h"
#include "data/files/file_kind.h"
#include "data/files/input_file.h"
#include "data/files/storage.h"
#include "data/formats/hdf5_file.h"
#include "data/formats/weights_file.h"
#include "experiments/record/recorder.h"
#include "experiments/training/pretrained.h"
#include "layers/file_order.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr const char* format = "cortexgrad-model-2";
constexpr const char* occupancy_array = "prediction.occupancy";

std::vector<NamedArray> arrays_of(Learner& learner) {
  std::vector<NamedArray> arrays;
  const std::string mean = "running_mean";
  for (const Parameter* parameter : learner.model().parameters()) {
    const std::vector<double> values = to_file_order(parameter->shape, learner.parameters().read(*parameter));
    arrays.push_back({parameter->name, file_shape(parameter->shape), {values.begin(), values.end()}});
    if (!parameter->name.ends_with(mean)) continue;
    const std::string layer = parameter->name.substr(0, parameter->name.size() - mean.size());
    arrays.push_back({layer + "num_batches_tracked", {}, {}, std::vector{learner.batches_seen()}});
  }
  return arrays;
}

Texts texts_of(const ModelOptions& o) {
  return {{"format", format},
          {"channels", std::to_string(o.channels)},
          {"width", std::to_string(o.width)},
          {"projection", o.projection ? "1" : "0"},
          {"embedding", std::to_string(o.embedding)}};
}

/// The network's options in a file, each checked to be in its range.
ModelOptions network_of(const std::string& path, const Texts& texts) {
  const auto number = [&](const char* name, double most) {
    double value = -1;
    if (const auto at = texts.find(name); at != texts.end())
      std::from_chars(at->second.data(), at->second.data() + at->second.size(), value);
    if (!(value >= 0 && value <= most))
      fail(ErrorKind::corrupt, path, fmt::format("\"{}\" is missing, or is not a number from 0 to {}", name, most),
           "Create or download the model file again");
    return static_cast<Index>(value);
  };
  ModelOptions o;
  o.channels = number("channels", 1);
  o.width = number("width", 512);
  o.projection = number("projection", 1) != 0;
  o.embedding = number("embedding", 4096);
  if (o.channels * o.width * o.embedding == 0)
    fail(ErrorKind::corrupt, path, "channels, width or embedding of the network is 0",
         "Create or download the model file again");
  return o;
}

/// Takes the occupancy from the file's arrays.
std::vector<float> take_occupancy(const std::string& path, WeightsFile& file, const Triple& grid) {
  for (auto array = file.arrays.begin(); array != file.arrays.end(); ++array) {
    if (array->name != occupancy_array || array->shape != Shape{grid[0], grid[1], grid[2]}) continue;
    std::vector<float> values = array->floats();
    file.arrays.erase(array);
    return values;
  }
  fail(ErrorKind::corrupt, path,
       fmt::format("\"{}\" is missing, or does not have the shape of the grid", occupancy_array),
       "Create or download the model file again");
}

}  // namespace

void write_model(const std::filesystem::path& path, Learner& learner, const Prediction* prediction) {
  std::vector<NamedArray> arrays = arrays_of(learner);
  Texts texts = texts_of(learner.options().model);
  if (prediction) {
    const Triple& n = prediction->preprocessing.grid.extents;
    texts[prediction_text] = to_json(*prediction);
    arrays.push_back({occupancy_array, {n[0], n[1], n[2]}, prediction->training.occupancy});
  }
  write_atomically(path, weights_bytes(weights_format(path.string()), arrays, texts));
}

bool is_model_file(const std::filesystem::path& path) try {
  const InputFile input = open_input(path);
  const FileKind kind = file_kind(beginning(input, kind_bytes, path));
  if (kind == FileKind::safetensors) return true;
  return kind == FileKind::hdf5 && H5Reader(path.string()).has(prediction_text);
} catch (const Error&) {
  return false;
}

std::vector<std::string> model_files(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) {
    open_input(path);  // reports a path that does not exist
    return {path.string()};
  }
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (is_model_name(name)) out.push_back(entry.path().string());
  }
  if (out.empty())
    fail(ErrorKind::data, path.string(), "the folder contains no model files", "Give the folder of a finished run");
  std::ranges::sort(out);
  return out;
}

TrainedModel read_model(const std::filesystem::path& path) {
  const std::string name = path.string();
  const std::string bytes = weights_input(name);
  const auto numbers = [](const ArrayHeader& array) { return !array.type.empty(); };
  WeightsFile file = read_weights(name, bytes, {numbers, bound_of_values(bytes)});
  const auto prediction = file.texts.find(prediction_text);
  if (prediction == file.texts.end())
    fail(ErrorKind::data, name, "the file has weights, but no predictor of age",
         "Give a model file that a run of this version wrote");
  TrainedModel model{name, sha256(bytes), file.verified, network_of(name, file.texts), {}, {}};
  model.prediction = prediction_from_json(name, prediction->second, model.network);
  model.prediction.training.occupancy = take_occupancy(name, file, model.prediction.preprocessing.grid.extents);
  Pretrained weights = compared(name, model.digest, std::move(file), model.network);
  if (!weights.missing.empty() || !weights.reshaped.empty() || !weights.unexpected.empty())
    fail(ErrorKind::corrupt, name, "the weights do not fit the network that the file describes:\n" + to_string(weights),
         "Create or download the model file again");
  model.values = std::move(weights.values);
  return model;
}

}  // namespace cg
