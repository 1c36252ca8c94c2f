// The cases of golden/losses.h5 as inputs and options of our losses.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "losses/registry.h"
#include "tests/losses/checks.h"
#include "tests/support/golden_reader.h"

namespace cg::test {

/// A case: what to evaluate, and what must come out.
struct GoldenCase {
  std::string group;
  LossOptions options;
  std::vector<double> z, ages, predictions, queue, gradient;
  double value = 0;
  Index views = 1, neighbours = 0;

  LossInput input() const {
    return {.z = z, .ages = ages, .views = views, .neighbours = neighbours, .predictions = predictions, .queue = queue};
  }
};

/// Sets the option `key` from a golden case's JSON where it has it; `inf` comes as a string.
inline void set_option(LossOptions& options, const std::string& key, const nlohmann::json& json) {
  if (!json.contains(key)) return;
  const auto& given = json.at(key);
  for (const auto& f : loss_fields()) {
    if (f.key != key) continue;
    const bool is_number = std::holds_alternative<double>(f.get(options));
    if (is_number && given.is_string())
      f.set(options, Value(std::stod(given.get<std::string>())));
    else if (is_number)
      f.set(options, Value(given.get<double>()));
    else
      f.set(options, Value(given.get<std::string>()));
    return;
  }
  throw std::runtime_error("the losses have no option " + key);
}

/// One case of a loss that the registry has.
inline GoldenCase read_case(const GoldenFile& file, const std::string& group) {
  GoldenCase c{.group = group, .options = {}, .z = {}, .ages = {}, .predictions = {}, .queue = {}, .gradient = {}};
  c.options.name = file.text(group, "loss");
  const auto json = nlohmann::json::parse(file.text(group, "options"));
  c.options.bin_width = 0;  // the ages of sup_con's cases are classes
  for (const char* key : {"formulation", "kernel", "sigma", "temperature", "base_temperature", "distance", "far_decay",
                          "delta_reduction", "bin_width"})
    set_option(c.options, key, json);
  c.neighbours = json.value("neighbours", Index{0});
  c.views = file.integer(group, "views");
  c.z = file.numbers(group + "/embeddings");
  if (c.options.name == Nnclr::name) {  // knows no ages
    c.ages.resize(static_cast<std::size_t>(c.views * file.integer(group, "batch_size")));
    c.predictions = file.numbers(group + "/predictions");
    c.queue = file.numbers(group + "/queue");
  } else {
    c.ages = file.numbers(group + "/ages");
  }
  c.value = file.numbers(group + "/value").at(0);
  c.gradient = file.numbers(group + "/gradient");
  return c;
}

/// How far a result is from a golden case: the worse of value and gradient. NaN where either is.
inline double distance_from(const GoldenCase& c, const LossResult& got) {
  return std::max(relative_difference({got.value}, {c.value}), relative_difference(got.gradient, c.gradient));
}

}  // namespace cg::test
