// SPDX-License-Identifier: Apache-2.0
// Writes and reads the JSON part of a model file. Each value is checked when it is read: the file can come from any
// source.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "experiments/record/trained_model.h"
#include "tensor/error.h"

namespace cg {
namespace {

using nlohmann::ordered_json;

const char* const feature_names[] = {"projected", "encoder"};

ordered_json to_json(const Spread& s) { return {{"mean", s.mean}, {"sd", s.sd}, {"least", s.least}, {"most", s.most}}; }

ordered_json to_json(const AgePredictor& p) {
  ordered_json out{{"kind", p.expectation ? "expectation" : "linear"}};
  if (p.expectation) out["first_year"] = p.first_year;
  if (std::isfinite(p.penalty)) out["penalty"] = p.penalty;
  out["bias"] = p.bias;
  out["weights"] = p.weights;
  return out;
}

ordered_json to_json(const Preprocessing& p) {
  ordered_json out{{"grid", p.grid.extents},
                   {"affine", p.grid.affine.m},
                   {"placed", p.has_affine},
                   {"sampling", name_of(p.sampling)},
                   {"nan_is_zero", p.nan_is_zero}};
  if (p.intensity)
    out["intensity"] = {{"mean", p.intensity->mean}, {"sd", p.intensity->sd}, {"count", p.intensity->count}};
  return out;
}

ordered_json to_json(const TrainingPart& t) {
  return {{"cohort_sha256", t.cohort},
          {"modality", t.modality},
          {"unit", t.unit},
          {"synthetic", t.synthetic},
          {"subjects", t.subjects},
          {"youngest", t.youngest},
          {"oldest", t.oldest},
          {"mean", to_json(t.mean)},
          {"sd", to_json(t.sd)},
          {"coverage", to_json(t.coverage)},
          {"outside", to_json(t.outside)}};
}

ordered_json to_json(const KnownSubjects& known) {
  ordered_json out = ordered_json::object();
  for (const auto& [part, digests] : known) out[part] = {{"ids", digests.ids}, {"maps", digests.maps}};
  return out;
}

/// Reads members of JSON objects, and refuses invalid ones.
class Reader {
 public:
  Reader(const std::string& path, const ordered_json& from, std::string place)
      : path_(path), from_(from), place_(std::move(place)) {}

  [[noreturn]] void refuse(const std::string& what) const {
    fail(ErrorKind::corrupt, path_, fmt::format("prediction{}: {}", place_, what),
         "Create or download the model file again");
  }
  bool has(const char* name) const { return from_.contains(name); }
  Reader at(const char* name) const { return {path_, object(name, &ordered_json::is_object), place_ + "." + name}; }
  double number(const char* name) const { return object(name, &ordered_json::is_number).get<double>(); }
  bool truth(const char* name) const { return object(name, &ordered_json::is_boolean).get<bool>(); }
  std::string text(const char* name) const { return object(name, &ordered_json::is_string).get<std::string>(); }

  double positive(const char* name) const {
    const double value = number(name);
    if (!(value > 0)) refuse(fmt::format("{} is {}, expected a number above 0", name, value));
    return value;
  }
  std::vector<double> numbers(const char* name) const {
    std::vector<double> out;
    collect(object(name, &ordered_json::is_array), name, out);
    return out;
  }
  std::set<std::string> digests(const char* name) const {
    std::set<std::string> out;
    for (const ordered_json& value : object(name, &ordered_json::is_array)) {
      if (!value.is_string() || !is_digest(value.get<std::string>()))
        refuse(fmt::format("{} contains a value that is not 16 hexadecimal digits", name));
      out.insert(value.get<std::string>());
    }
    return out;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& item : from_.items()) out.push_back(item.key());
    return out;
  }
  template <std::size_t n>
  std::size_t choice(const char* name, const char* const (&words)[n]) const {
    const std::string word = text(name);
    for (std::size_t k = 0; k < n; ++k)
      if (word == words[k]) return k;
    refuse(fmt::format("{} has the unknown value \"{}\"", name, word));
  }

 private:
  template <class Is>
  const ordered_json& object(const char* name, Is is) const {
    const auto at = from_.find(name);
    if (at == from_.end() || !((*at).*is)()) refuse(fmt::format("{} is missing or of the wrong type", name));
    return *at;
  }
  static bool is_digest(const std::string& text) {
    return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  }
  void collect(const ordered_json& list, const char* name, std::vector<double>& out) const {
    for (const ordered_json& value : list) {
      if (value.is_array() && out.size() < 1000) {
        collect(value, name, out);
      } else if (value.is_number()) {
        out.push_back(value.get<double>());
      } else {
        refuse(fmt::format("{} contains a value that is not a number", name));
      }
    }
  }

  const std::string& path_;
  const ordered_json& from_;
  std::string place_;
};

Spread spread(const Reader& r) {
  return {.mean = r.number("mean"), .sd = r.number("sd"), .least = r.number("least"), .most = r.number("most")};
}

AgePredictor predictor(const Reader& r, Index features) {
  constexpr std::size_t most_outputs = 200;  // whole years
  AgePredictor out{.weights = r.numbers("weights"), .bias = r.numbers("bias")};
  out.expectation = r.text("kind") == "expectation";
  if (out.expectation) out.first_year = r.number("first_year");
  for (const char* name : {"penalty", "alpha"})  // alpha: in files of earlier versions
    if (r.has(name)) out.penalty = r.number(name);
  if (out.bias.empty() || out.bias.size() > most_outputs || (!out.expectation && out.bias.size() != 1) ||
      out.weights.size() != out.bias.size() * static_cast<std::size_t>(features))
    r.refuse(
        fmt::format("{} weights and {} biases do not fit {} features", out.weights.size(), out.bias.size(), features));
  return out;
}

Preprocessing preprocessing(const Reader& r) {
  constexpr double most_extent = 512;
  Preprocessing out;
  const std::vector<double> grid = r.numbers("grid"), affine = r.numbers("affine");
  if (grid.size() != 3 || affine.size() != 12) r.refuse("grid or affine has the wrong size, expected 3 and 12 numbers");
  for (std::size_t k = 0; k < 3; ++k) {
    if (!(grid[k] >= 1 && grid[k] <= most_extent))
      r.refuse(fmt::format("the grid has {} voxels along an axis, expected 1 to 512", grid[k]));
    out.grid.extents[k] = static_cast<Index>(grid[k]);
  }
  for (std::size_t k = 0; k < 12; ++k) out.grid.affine.m[k / 4][k % 4] = affine[k];
  if (!(std::abs(out.grid.affine.determinant()) > 1e-9)) r.refuse("the axes of the affine are in one plane");
  if (r.has("placed")) out.has_affine = r.truth("placed");
  out.sampling = static_cast<Sampling>(r.choice("sampling", sampling_names));
  out.nan_is_zero = r.truth("nan_is_zero");
  if (r.has("intensity")) {
    const Reader i = r.at("intensity");
    out.intensity = {.mean = i.number("mean"), .sd = i.positive("sd"), .count = i.number("count")};
  }
  return out;
}

TrainingPart training(const Reader& r) {
  TrainingPart out{.cohort = r.text("cohort_sha256"),
                   .modality = r.text("modality"),
                   .unit = r.text("unit"),
                   .synthetic = r.truth("synthetic"),
                   .subjects = 0,
                   .youngest = r.number("youngest"),
                   .oldest = r.number("oldest"),
                   .mean = spread(r.at("mean")),
                   .sd = spread(r.at("sd")),
                   .coverage = spread(r.at("coverage")),
                   .outside = spread(r.at("outside")),
                   .occupancy = {}};
  const double subjects = r.positive("subjects");
  if (!(subjects < 1e9)) r.refuse("too many subjects");
  out.subjects = static_cast<Index>(subjects);
  return out;
}

KnownSubjects subjects(const Reader& r) {
  KnownSubjects out;
  for (const std::string& part : r.names()) {
    const Reader digests = r.at(part.c_str());
    out[part] = {.ids = digests.digests("ids"), .maps = digests.digests("maps")};
  }
  return out;
}

/// The JSON object of a text. Errors: corrupt.
ordered_json parsed(const std::string& path, const std::string& text) {
  const auto watch = [&](int depth, ordered_json::parse_event_t, const ordered_json&) {
    constexpr int deepest = 4;  // a number in a row of a matrix of a part; a limit, so that no file overflows the stack
    if (depth > deepest)
      fail(ErrorKind::corrupt, path, "prediction: the JSON text is nested too deeply",
           "Create or download the model file again");
    return true;
  };
  ordered_json json = ordered_json::parse(text, watch, false);
  if (!json.is_object()) Reader(path, json, "").refuse("the text is not a JSON object");
  return json;
}

}  // namespace

std::string to_json(const Prediction& p) {
  ordered_json out{{"features", feature_names[static_cast<std::size_t>(p.features)]},
                   {"activations", name_of(p.activations)},
                   {"predictor", to_json(p.predictor)},
                   {"age_bias", {{"intercept", p.bias.intercept}, {"slope", p.bias.slope}}},
                   {"preprocessing", to_json(p.preprocessing)},
                   {"training", to_json(p.training)}};
  if (p.subjects) out["subjects"] = to_json(*p.subjects);
  return out.dump();
}

Prediction prediction_from_json(const std::string& path, const std::string& text, const ModelOptions& network) {
  const ordered_json json = parsed(path, text);
  const Reader r(path, json, "");
  const std::string f32 = name_of(DType::f32), bf16 = name_of(DType::bf16);
  const char* const types[] = {f32.c_str(), bf16.c_str()};
  Prediction out;
  out.features = static_cast<Features>(r.choice("features", feature_names));
  out.activations = r.choice("activations", types) == 0 ? DType::f32 : DType::bf16;
  out.predictor = predictor(r.at("predictor"),
                            out.features == Features::projected ? network.embedding_width() : network.feature_width());
  const Reader bias = r.at("age_bias");
  out.bias = {.intercept = bias.number("intercept"), .slope = bias.number("slope")};
  out.preprocessing = preprocessing(r.at("preprocessing"));
  out.training = training(r.at("training"));
  if (r.has("subjects")) out.subjects = subjects(r.at("subjects"));
  return out;
}

std::optional<KnownSubjects> subjects_from_json(const std::string& path, const std::string& text) {
  const ordered_json json = parsed(path, text);
  const Reader r(path, json, "");
  if (!r.has("subjects")) return std::nullopt;
  return subjects(r.at("subjects"));
}

}  // namespace cg
