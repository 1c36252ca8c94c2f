// SPDX-License-Identifier: Apache-2.0
#include "experiments/study/collected.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "data/files/input_file.h"
#include "data/formats/tsv.h"
#include "experiments/study/sexes.h"
#include "tensor/error.h"

namespace cg {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr Index most_text_bytes = Index{16} << 20;  // of a configuration or a summary

/// A finished run, with the results of each seed.
struct ReadRun {
  fs::path folder;
  Config config;
  std::string experiment;
  std::vector<CellResult> cells;  ///< of its seeds; the places in a study are not known yet
};

std::string file_of(const fs::path& folder, const char* name, const char* reason) {
  if (!fs::exists(folder / name)) fail(ErrorKind::data, folder.string(), reason);
  return read_input((folder / name).string(), most_text_bytes);
}

/// The subjects of one part and seed in predictions.csv.
struct PartRows {
  std::vector<std::string> ids, studies;
  std::vector<double> ages, predicted;
};

PartRows rows_of(const Table& table, Index seed, const std::string& part) {
  PartRows out;
  const auto number = [&](Index row, const char* column) {
    const auto value = decimal(table.cell(row, column));
    if (!value)
      fail(ErrorKind::data, table.name(), fmt::format("line {}: {} is not a number", table.line(row), column));
    return *value;
  };
  for (Index row = 0; row < table.rows(); ++row) {
    if (table.cell(row, "seed") != std::to_string(seed) || table.cell(row, "part") != part) continue;
    out.ids.push_back(table.cell(row, "participant_id"));
    out.studies.push_back(table.cell(row, "study"));
    out.ages.push_back(number(row, "age"));
    out.predicted.push_back(number(row, "predicted"));
  }
  return out;
}

/// The results of one seed, from what the run wrote.
CellResult seed_result(const json& of_seed, const Table& predictions) {
  CellResult out;
  out.cell.seed = of_seed.at("seed").get<Index>();
  const PartRows train = rows_of(predictions, out.cell.seed, "train"),
                 validation = rows_of(predictions, out.cell.seed, "validation");
  PartRows test = rows_of(predictions, out.cell.seed, "test");
  if (train.ids.empty() || test.ids.empty())
    fail(ErrorKind::data, predictions.name(), fmt::format("the file has no predictions of seed {}", out.cell.seed));
  out.ids = std::move(test.ids);
  out.studies = std::move(test.studies);
  out.ages = std::move(test.ages);
  out.predicted = std::move(test.predicted);
  out.train_subjects = std::ssize(train.ids);
  out.validation_subjects = std::ssize(validation.ids);
  out.test = measure(out.ages, out.predicted);
  out.gap_slope = gap_slope(out.ages, out.predicted);
  out.mean_age = baseline(train.ages, out.ages);
  out.validation_mae = validation.ids.empty() ? std::numeric_limits<double>::quiet_NaN()
                                              : mean_absolute_error(validation.ages, validation.predicted);
  out.penalty = of_seed.value("penalty", 0.0);
  return out;
}

/// Errors: what makes the folder another thing than a finished run.
ReadRun read_run(const fs::path& folder) {
  if (!fs::is_directory(folder)) fail(ErrorKind::data, folder.string(), "not a folder");
  const std::string copy = file_of(folder, "config.resolved.toml", "not a run: it has no config.resolved.toml");
  const std::string text = file_of(folder, "summary.json", "not finished: it has no summary.json");
  ReadRun out{.folder = folder, .config = {}, .experiment = {}, .cells = {}};
  out.config = parse_config({(folder / "config.resolved.toml").string(), copy, {}});
  const Table predictions(folder / "predictions.csv");
  try {
    const json summary = json::parse(text);
    out.experiment = summary.at("experiment").get<std::string>();
    for (const json& of_seed : summary.at("seeds")) {
      CellResult cell = seed_result(of_seed, predictions);
      cell.cohort = summary.at("cohort").at("sha256").get<std::string>();
      cell.synthetic = summary.at("cohort").at("synthetic").get<bool>();
      cell.sexes = sexes_of(out.config.data, cell.ids);
      out.cells.push_back(std::move(cell));
    }
  } catch (const json::exception& error) {
    fail(ErrorKind::corrupt, (folder / "summary.json").string(), error.what());
  }
  if (out.cells.empty()) fail(ErrorKind::data, folder.string(), "summary.json in this folder contains no seeds");
  return out;
}

/// What makes rows: without the seeds, and without options that change no number of a row.
Config row_config(Config config) {
  const Config usual;
  config.seeds = usual.seeds;
  config.threads = usual.threads;
  config.train.recompute = usual.train.recompute;
  config.data.cohort = usual.data.cohort;  // runs of other cohorts are skipped, by their digest
  config.evaluation.every = usual.evaluation.every;
  config.evaluation.watch = usual.evaluation.watch;
  config.evaluation.embeddings_at = usual.evaluation.embeddings_at;
  return config;
}

/// The options in which some configurations differ, as text for each: `loss.name = "threshold", train.epochs = 20`.
std::vector<std::string> names_by_difference(const std::vector<Config>& configs) {
  std::set<std::string> keys;
  for (const Config& config : configs)
    for (const Option& option : changed_options(config, configs.front())) keys.insert(option.key);
  std::vector<std::string> out;
  for (const Config& config : configs) {
    std::string name;
    for (const Option& option : options_of(config_fields(), config))
      if (keys.contains(option.key))
        name += fmt::format("{}{} = {}", name.empty() ? "" : ", ", option.key, to_toml(option.value));
    out.push_back(name);
  }
  return out;
}

/// Puts runs into one study.
class Collection {
 public:
  explicit Collection(const std::string& name) {
    Study study;
    study.name = name;
    study.options.title = "Runs by the options that differ";
    out_.results.plan.studies = {study};
  }

  void add(ReadRun run) {
    StudyPlan& plan = out_.results.plan;
    if (cohort_.empty()) {
      cohort_ = run.cells.front().cohort;
      first_ = run.folder.string();
    }
    if (run.cells.front().cohort != cohort_) return skip(run.folder, "it used another cohort than " + first_);
    const std::size_t row = row_of(run), cells = plan.cells.size();
    for (CellResult& cell : run.cells) {
      const auto [other, is_new] = seen_.try_emplace({row, cell.cell.seed}, run.folder.string());
      if (!is_new) {
        skip(run.folder, fmt::format("seed {} is the same as in {}", cell.cell.seed, other->second));
        continue;
      }
      cell.cell = {0, row, plan.trainings.size(), cell.cell.seed, run.config.data.fold};
      plan.studies[0].rows[row].config.seeds.push_back(cell.cell.seed);
      plan.cells.push_back(cell.cell);
      out_.results.cells.push_back(std::move(cell));
    }
    if (plan.cells.size() > cells) plan.trainings.push_back({run.config, run.folder, run.folder.string()});
  }

  void skip(const fs::path& folder, const std::string& why) { out_.skipped.push_back(folder.string() + ": " + why); }

  CollectedRuns finish() {
    StudyResults& results = out_.results;
    std::vector<StudyRow>& rows = results.plan.studies[0].rows;
    if (rows.empty()) {
      std::string list;
      for (const std::string& line : out_.skipped) list += "\n  " + line;
      fail(ErrorKind::usage, "--collect", "no folder contains a finished run:" + list,
           "Name folders of finished runs: runs/*");
    }
    const std::vector<std::string> names = names_by_difference(keys_);
    for (std::size_t k = 0; k < rows.size(); ++k)
      rows[k].name = rows[k].label = rows.size() > 1 ? names[k] : experiment_;
    const auto place = [](const Cell& cell) { return std::pair(cell.row, cell.seed); };
    std::ranges::stable_sort(results.plan.cells, {}, place);
    std::ranges::stable_sort(results.cells, {}, [&](const CellResult& cell) { return place(cell.cell); });
    for (StudyRow& row : rows) std::ranges::sort(row.config.seeds);
    results.plan.studies[0].options.seeds = rows.front().config.seeds;
    results.rows = {summarise_study(results.plan, 0, results.cells)};
    return std::move(out_);
  }

 private:
  /// The row of the run's options; a new one if no run had them.
  std::size_t row_of(const ReadRun& run) {
    const Config key = row_config(run.config);
    const auto [at, is_new] = rows_.try_emplace(resolved_config(key), keys_.size());
    if (is_new) {
      keys_.push_back(key);
      StudyRow row{"", "", std::nullopt, run.config};
      row.config.seeds.clear();
      out_.results.plan.studies[0].rows.push_back(std::move(row));
      if (experiment_.empty()) experiment_ = run.experiment;
    }
    return at->second;
  }

  CollectedRuns out_;
  std::string cohort_, first_, experiment_;
  std::vector<Config> keys_;                                   // of the rows
  std::map<std::string, std::size_t> rows_;                    // by their options as text
  std::map<std::pair<std::size_t, Index>, std::string> seen_;  // the folder of a row's seed
};

}  // namespace

CollectedRuns collect_runs(const std::vector<fs::path>& folders, const std::string& name) {
  Collection collection(name);
  for (const fs::path& folder : folders) try {
      collection.add(read_run(folder));
    } catch (const Error& error) {
      collection.skip(folder, error.found());
    }
  return collection.finish();
}

}  // namespace cg
