// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/pretrained.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "data/files/digest.h"
#include "data/files/sums.h"
#include "experiments/program/listed.h"
#include "layers/file_order.h"
#include "tensor/error.h"

namespace cg {
namespace {

/// Batches that a batch norm has seen, on which this engine's momentum does not depend; what predicts age
/// (model_file.h).
bool is_no_weight(const std::string& name) {
  return name.ends_with("num_batches_tracked") || name.starts_with("prediction.");
}

/// Whether an exception, a name or the beginning of dotted ones, speaks of `name`.
bool covers(const std::string& exception, const std::string& name) {
  return name == exception || name.starts_with(exception.ends_with('.') ? exception : exception + ".");
}

bool excused(const std::vector<std::string>& exceptions, const std::string& name) {
  return std::ranges::any_of(exceptions, [&](const std::string& e) { return covers(e, name); });
}

constexpr std::size_t most_listed = 12;  // names in a message

/// Fails if file and network differ where no exception says that they may.
void check_differences(const Pretrained& weights, const std::vector<std::string>& exceptions) {
  std::string found;
  const auto check = [&](const std::vector<std::string>& names, const char* what) {
    std::vector<std::string> left;
    std::ranges::copy_if(names, std::back_inserter(left),
                         [&](const std::string& name) { return !excused(exceptions, name.substr(0, name.find(' '))); });
    if (!left.empty()) found += fmt::format("{}{}: {}", found.empty() ? "" : "; ", what, listed(left, most_listed));
  };
  check(weights.missing, "missing in the file");
  check(weights.reshaped, "of another shape");
  check(weights.unexpected, "unexpected in the file");
  if (!found.empty())
    fail(ErrorKind::data, weights.path,
         fmt::format("{} names match those of the network; {}", weights.values.size(), found),
         "Choose a weights file for this network, or list the names that may differ in pretrained.allow_missing");
}

/// Fails for an exception that speaks of nothing: it is a slip.
void check_exceptions(const Pretrained& weights, const std::vector<std::string>& exceptions) {
  std::vector<std::string> names = weights.missing;
  for (const auto* more : {&weights.reshaped, &weights.unexpected})
    names.insert(names.end(), more->begin(), more->end());
  for (const auto& value : weights.values) names.push_back(value.first);
  for (const std::string& exception : exceptions)
    if (std::ranges::none_of(names, [&](const auto& n) { return covers(exception, n.substr(0, n.find(' '))); }))
      fail(ErrorKind::usage, "pretrained.allow_missing",
           fmt::format("\"{}\" matches no name, neither in the network nor in {}", exception, weights.path),
           "Give a parameter's name or its beginning, for example \"head\"");
}

/// The prefix of all names in the file without which one of them, at least, is a parameter's; "" if there is none, or
/// if a name fits as it is.
std::string prefix_of(const WeightsFile& file, const std::map<std::string, Shape>& places) {
  std::vector<std::string> names;
  for (const NamedArray& array : file.arrays) names.push_back(array.name);
  for (const ArrayHeader& array : file.unread) names.push_back(array.name);
  if (std::ranges::any_of(names, [&](const std::string& name) { return places.contains(name); })) return "";
  for (const std::string& name : names)
    for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      const std::string prefix = name.substr(0, dot + 1);
      if (places.contains(name.substr(dot + 1)) &&
          std::ranges::all_of(names, [&](const std::string& other) { return other.starts_with(prefix); }))
        return prefix;
    }
  return "";
}

WeightsFile without_prefix(WeightsFile file, const std::string& prefix) {
  for (NamedArray& array : file.arrays) array.name = array.name.substr(prefix.size());
  for (ArrayHeader& array : file.unread) array.name = array.name.substr(prefix.size());
  return file;
}

void check_finite(const std::string& path, const NamedArray& array) {
  if (const auto bad = std::ranges::count_if(array.values, [](float v) { return !std::isfinite(v); }); bad > 0)
    fail(ErrorKind::data, path, fmt::format("{} values of \"{}\" are NaN or infinite", bad, array.name),
         "Choose another file of weights: this training probably diverged");
}

}  // namespace

Pretrained compared(const std::string& path, const std::string& digest, WeightsFile file, const ModelOptions& network) {
  Model model(network);
  std::map<std::string, Shape> places;  // of the engine
  for (const Parameter* p : model.parameters()) places[p->name] = p->shape;
  Pretrained out{path, digest, {}, {}, {}, {}, "", file.texts, file.verified};
  std::set<std::string> misshapen;
  const auto differs = [&](const std::string& name, const Shape& shape) {
    if (const auto at = places.find(name); at != places.end()) {
      misshapen.insert(name);
      out.reshaped.push_back(
          fmt::format("{} {} instead of {}", name, to_string(shape), to_string(file_shape(at->second))));
    } else if (!is_no_weight(name)) {
      out.unexpected.push_back(name);
    }
  };
  for (NamedArray& array : file.arrays) {
    const auto at = places.find(array.name);
    if (at == places.end() || array.shape != file_shape(at->second)) {
      differs(array.name, array.shape);
      continue;
    }
    check_finite(path, array);
    out.values[array.name] = from_file_order(at->second, array.floats());
    array = {};
  }
  for (const ArrayHeader& array : file.unread) differs(array.name, array.shape);
  for (const auto& place : places)
    if (!out.values.contains(place.first) && !misshapen.contains(place.first)) out.missing.push_back(place.first);
  return out;
}

Pretrained read_pretrained(const PretrainedOptions& options, const ModelOptions& network) {
  Model model(network);
  std::map<std::string, Shape> places;  // as files have them
  Index bytes = 0;
  for (const Parameter* p : model.parameters()) {
    places[p->name] = file_shape(p->shape);
    bytes += count(p->shape) * static_cast<Index>(sizeof(float));
  }
  std::string prefix;
  const auto has_place = [&](const ArrayHeader& array) {
    if (!array.name.starts_with(prefix)) return false;
    const auto at = places.find(array.name.substr(prefix.size()));
    return at != places.end() && array.shape == at->second;
  };
  const std::string file = weights_input(options.weights);
  WeightsFile weights = read_weights(options.weights, file, {has_place, bytes});
  prefix = prefix_of(weights, places);
  if (!prefix.empty()) weights = without_prefix(read_weights(options.weights, file, {has_place, bytes}), prefix);
  Pretrained out = compared(options.weights, sha256(file), std::move(weights), network);
  out.prefix = prefix;
  check_exceptions(out, options.allow_missing);
  check_differences(out, options.allow_missing);
  return out;
}

void start_from(const Pretrained& weights, ParameterStore& store) {
  for (const auto& [name, values] : weights.values) store.write(store.find(name), std::span(values));
}

std::string to_string(const Pretrained& weights) {
  const std::size_t all = weights.values.size() + weights.missing.size() + weights.reshaped.size();
  std::string text = fmt::format("weights     {}, SHA-256 {}\n            {} of the network's {} names matched",
                                 weights.path, weights.digest, weights.values.size(), all);
  if (!weights.verified) text += fmt::format("\n            {}", Sums::absent);
  const auto line = [&](const char* what, const std::vector<std::string>& names) {
    text += fmt::format("\n            {}: {}", what, names.empty() ? "none" : listed(names, most_listed));
  };
  if (!weights.prefix.empty())
    text += fmt::format("\n            \"{}\" was taken off all names of the file", weights.prefix);
  line("missing, left at random values", weights.missing);
  if (!weights.reshaped.empty()) line("of another shape, left at random values", weights.reshaped);
  line("unexpected, not used", weights.unexpected);
  return text;
}

}  // namespace cg
