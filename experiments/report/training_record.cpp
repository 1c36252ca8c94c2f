// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/training_record.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/files/input_file.h"
#include "tensor/error.h"

namespace cg {
namespace {

using nlohmann::json;

constexpr Index most_bytes = Index{64} << 20;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  fail(ErrorKind::corrupt, file.string(), what, "Remove the training's folder, and run the study again");
}

json read_json(const std::filesystem::path& file) {
  json out = json::parse(read_input(file.string(), most_bytes), nullptr, false);
  if (!out.is_object()) refuse(file, "not a JSON object");
  return out;
}

/// NaN for an empty cell.
double number(const std::string& cell, const std::filesystem::path& file) {
  if (cell.empty()) return not_measured;
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size()) refuse(file, "\"" + cell + "\" is not a number");
  return value;
}

std::vector<EpochRow> read_epochs(const std::filesystem::path& file) {
  std::istringstream text(read_input(file.string(), most_bytes));
  std::string line;
  std::getline(text, line);
  if (!line.starts_with("seed,epoch,loss,learning_rate,neighbours,seconds,mae,validation_mae"))
    refuse(file, "the columns are not those that a training writes");
  std::vector<EpochRow> out;
  while (std::getline(text, line)) {
    std::vector<double> cells;
    std::istringstream row(line + ",");
    for (std::string cell; std::getline(row, cell, ',');) cells.push_back(number(cell, file));
    if (cells.size() < 8) refuse(file, "a line has fewer columns than the header");
    EpochRow epoch;
    epoch.seed = static_cast<Index>(cells[0]);
    epoch.epoch = static_cast<Index>(cells[1]);
    epoch.loss = cells[2];
    epoch.learning_rate = cells[3];
    epoch.neighbours = std::isfinite(cells[4]) ? static_cast<Index>(cells[4]) : 0;
    epoch.seconds = cells[5];
    epoch.mae = cells[6];
    epoch.validation_mae = cells[7];
    out.push_back(epoch);
  }
  return out;
}

std::string words(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object() && !value.is_array()) return value.dump();
  std::string out;
  for (const auto& [key, item] : value.items()) {
    if (!out.empty()) out += ", ";
    out += value.is_object() ? key + " " + words(item) : words(item);
  }
  return out;
}

}  // namespace

TrainingRecord read_training(const std::filesystem::path& folder) {
  TrainingRecord out;
  out.epochs = read_epochs(folder / "metrics.csv");
  const json summary = read_json(folder / "summary.json"), machine = read_json(folder / "environment.json");
  try {
    for (const json& seed : summary.at("seeds")) out.seconds += seed.at("seconds").get<double>();
    out.device = summary.at("device");
    out.precision = summary.at("precision");
    out.commit = summary.at("commit");
    out.sources = summary.at("sources");
    out.config_digest = summary.at("config_sha256");
    if (summary.contains("pretrained_sha256") && summary["pretrained_sha256"].is_string())
      out.weights_digest = summary["pretrained_sha256"];
    const json& cohort = summary.at("cohort");
    out.cohort = cohort.at("name");
    out.cohort_digest = cohort.at("sha256");
    out.synthetic = cohort.at("synthetic");
    out.subjects = cohort.at("subjects");
    out.train = cohort.at("train");
    out.validation = cohort.at("validation");
    out.test = cohort.at("test");
  } catch (const json::exception& error) {
    refuse(folder / "summary.json", error.what());
  }
  for (const char* key :
       {"version", "compiler", "libraries", "system", "processor", "cores", "instruction_sets", "threads"})
    if (machine.contains(key)) out.environment[key] = words(machine[key]);
  return out;
}

std::map<std::size_t, TrainingRecord> read_trainings(const StudyPlan& plan) {
  std::map<std::size_t, TrainingRecord> out;
  for (std::size_t k = 0; k < plan.trainings.size(); ++k)
    if (plan.trainings[k].is_done()) out.emplace(k, read_training(plan.trainings[k].folder));
  return out;
}

}  // namespace cg
