// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/provenance.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace cg {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const CohortName& cohort) {
  return {{"name", cohort.name},         {"sha256", cohort.digest}, {"synthetic", cohort.synthetic},
          {"subjects", cohort.subjects}, {"train", cohort.train},   {"validation", cohort.validation},
          {"test", cohort.test}};
}

ordered_json to_json(const Stage& stage) {
  return {{"device", stage.device},
          {"precision", stage.precision},
          {"commit", stage.build.commit},
          {"sources", stage.build.sources}};
}

/// Infinity, which JSON does not have, as text.
ordered_json to_json(const Value& value) {
  if (const auto* number = std::get_if<double>(&value); number && !std::isfinite(*number)) return to_toml(value);
  return std::visit([](const auto& v) { return ordered_json(v); }, value);
}

/// The options of a configuration that differ from their defaults. Of a path only the end, which has the same meaning
/// on another machine.
std::vector<Option> changed_of(const Config& config) {
  std::vector<Option> out = changed_options(config);
  for (Option& option : out)
    if (option.key == "data.cohort" || option.key == "data.test_ids" || option.key == "pretrained.weights") {
      const std::filesystem::path path = std::get<std::string>(option.value);
      option.value = (path.parent_path().filename() / path.filename()).string();
    }
  return out;
}

}  // namespace

std::string to_string(const Stage& stage) {
  constexpr std::size_t digits = 12;
  const bool known = stage.build.commit != BuildState().commit;
  return fmt::format("{}, {}, program of {}{}", stage.device, stage.precision,
                     known ? "commit " + stage.build.commit.substr(0, digits) : "an unknown commit",
                     stage.build.sources == "changed" ? " with changed sources" : "");
}

Provenance provenance(const std::string& experiment, const Config& config, const Cohort& cohort) {
  const Split& split = cohort.split;
  return {.experiment = experiment,
          .loss = config.loss.name,
          .changed = changed_of(config),
          .cohort = {.name = std::filesystem::path(cohort.file->path()).filename(),
                     .digest = cohort.digest,
                     .synthetic = cohort.file->synthetic(),
                     .subjects = cohort.file->size(),
                     .train = static_cast<Index>(split.train.size()),
                     .validation = static_cast<Index>(split.validation.size()),
                     .test = static_cast<Index>(split.test.size())}};
}

std::string to_json(const Provenance& p) {
  ordered_json out{{"experiment", p.experiment}, {"loss", p.loss}, {"changed_options", ordered_json::object()}};
  for (const Option& option : p.changed) out["changed_options"][option.key] = to_json(option.value);
  out["cohort"] = to_json(p.cohort);
  if (!p.stages.empty()) out.update(to_json(p.stages.back()));
  out["stages"] = ordered_json::array();
  for (const Stage& stage : p.stages) {
    ordered_json one{{"from", stage.from}};
    one.update(to_json(stage));
    out["stages"].push_back(one);
  }
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace cg
