// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/recorder.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "experiments/program/csv.h"
#include "tensor/error.h"

namespace cg {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* config_name = "config.resolved.toml";
constexpr const char* metrics_name = "metrics.csv";
constexpr const char* predictions_name = "predictions.csv";
constexpr const char* summary_name = "summary.json";
constexpr const char* checkpoint_name = "checkpoint.h5";
constexpr const char* embeddings_name = "embeddings.h5";
constexpr const char* picture_name = "predictions.svg";
constexpr const char* environment_name = "environment.json";
constexpr const char* model_name = "model.h5";
constexpr std::string_view model_front = "model-seed", model_end = ".h5";  // around a seed
constexpr const char* metrics_header = "seed,epoch,loss,learning_rate,neighbours,seconds,mae,validation_mae\n";
constexpr const char* predictions_header = "seed,participant_id,age,predicted,part,study\n";

fs::path created(const fs::path& folder) {
  make_folder(folder);
  return folder;
}

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool is_temporary(const fs::path& path) { return path.filename().string().starts_with(".tmp-"); }

/// Removes the temporary files of runs that were killed while they wrote.
void remove_temporaries(const fs::path& folder) {
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(folder))
    if (is_temporary(entry.path())) left.push_back(entry.path());
  for (const fs::path& path : left) remove_file(path);
}

/// Refuses a folder with other files. A run that was killed early may have left a lock or a temporary file.
void check_empty(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name != ".lock" && !is_temporary(entry.path()))
      fail(ErrorKind::in_use, folder.string(), fmt::format("not a run folder, and not empty: it contains {}", name),
           "Choose another --out");
  }
}

/// Removes all results of a run, so that those of a new run never stand beside them. First what makes the run one that
/// is finished or can be continued: after a crash at any moment, the next start begins again, and comes here too.
void remove_results(const fs::path& folder) {
  for (const char* name : {checkpoint_name, summary_name}) remove_file(folder / name);
  sync_folder(folder);
  std::vector<fs::path> models;
  for (const auto& entry : fs::directory_iterator(folder))
    if (is_model_name(entry.path().filename())) models.push_back(entry.path());
  for (const fs::path& model : models) remove_file(model);
  for (const char* name : {embeddings_name, picture_name, environment_name, predictions_name, metrics_name})
    remove_file(folder / name);
  sync_folder(folder);
}

/// Whether a run in this folder ended before its first epoch, so that another run may replace it.
bool holds_nothing(const fs::path& folder) {
  for (const char* name : {checkpoint_name, summary_name})
    if (fs::exists(folder / name)) return false;
  const std::string rows = contents(folder / metrics_name);
  return rows.empty() || rows == metrics_header;
}

/// The locked folder, ready for this run.
const fs::path& prepared(const fs::path& folder, const Config& config, bool overwrite) {
  if (!fs::exists(folder / config_name)) {
    check_empty(folder);
    remove_temporaries(folder);
    write_atomically(folder / config_name, resolved_config(config));
    return folder;
  }
  if (holds_nothing(folder)) write_atomically(folder / config_name, resolved_config(config));
  if (const std::string copy = contents(folder / config_name); !is_copy(copy, config)) {
    const std::string how = differences(config, copy);
    fail(ErrorKind::in_use, folder.string(),
         "the folder contains a run with another configuration" + (how.empty() ? "" : "; the new run has " + how),
         "Choose another --out");
  }
  if (!overwrite && fs::exists(folder / summary_name)) refuse_finished(folder);
  remove_temporaries(folder);
  if (overwrite || !fs::exists(folder / checkpoint_name)) remove_results(folder);
  return folder;
}

ordered_json number(double value) { return std::isfinite(value) ? ordered_json(value) : ordered_json(); }

ordered_json to_json(const Metrics& m) {
  return {{"mae", number(m.mae)}, {"rmse", number(m.rmse)}, {"r2", number(m.r2)}, {"r", number(m.r)}};
}

/// Mean and SD over seeds of each metric: `mae`, `mae_sd`, ….
ordered_json over_seeds(std::span<const SeedResult> seeds, Metrics SeedResult::*part) {
  ordered_json out;
  const auto add = [&](const std::string& name, double Metrics::*metric) {
    std::vector<double> values;
    for (const SeedResult& s : seeds) values.push_back((s.*part).*metric);
    const MeanSd result = mean_sd(values);
    out[name] = number(result.mean);
    out[name + "_sd"] = number(result.sd);
  };
  add("mae", &Metrics::mae);
  add("rmse", &Metrics::rmse);
  add("r2", &Metrics::r2);
  add("r", &Metrics::r);
  return out;
}

void check_begins(const fs::path& path, const LogBeginning& with) {
  const auto refuse = [&](const std::string& what) {
    fail(ErrorKind::corrupt, path.string(), what, "Restore the file, or start the run again with --overwrite");
  };
  const std::string now = contents(path);
  const auto size = static_cast<std::size_t>(with.bytes);
  if (now.size() < size)
    refuse(
        fmt::format("the file has {} bytes, expected at least {}, as when the checkpoint was saved", now.size(), size));
  if (!with.sha256.empty() && sha256(std::string_view(now).substr(0, size)) != with.sha256)
    refuse("another program has changed the file since the checkpoint was saved");
}

LogBeginning whole(const fs::path& path) {
  const std::string now = contents(path);
  return {static_cast<Index>(now.size()), sha256(now)};
}

void cut(AppendFile& file, Index size, const char* header) {
  file.truncate(size);
  if (size == 0) file.append(header);
}

}  // namespace

bool is_model_name(const std::string& name) {
  const std::size_t around = model_front.size() + model_end.size();
  if (name == model_name) return true;
  if (!name.starts_with(model_front) || !name.ends_with(model_end) || name.size() <= around) return false;
  const std::string seed = name.substr(model_front.size(), name.size() - around);
  return seed.find_first_not_of("0123456789") == seed.npos;
}

bool is_finished(const fs::path& folder, const Config& config) {
  return fs::exists(folder / summary_name) && is_copy(contents(folder / config_name), config);
}

void refuse_finished(const fs::path& folder) {
  fail(ErrorKind::in_use, folder.string(), "this run is finished: summary.json exists",
       "Repeat it with --overwrite, or choose another --out");
}

Recorder::Recorder(const fs::path& folder, const Config& config, bool overwrite)
    : folder_(created(folder)),
      config_(config),
      lock_(folder_),
      metrics_(prepared(folder_, config, overwrite) / metrics_name),
      predictions_(folder_ / predictions_name) {
  if (!resumable()) rewind({});
}

fs::path Recorder::checkpoint() const { return folder_ / checkpoint_name; }

fs::path Recorder::picture() const { return folder_ / picture_name; }

fs::path Recorder::embeddings() const { return folder_ / embeddings_name; }

fs::path Recorder::model(Index seed) const {
  return folder_ / (config_.seeds.size() == 1 ? model_name : fmt::format("{}{}{}", model_front, seed, model_end));
}

bool Recorder::resumable() const { return fs::exists(checkpoint()); }

bool Recorder::is_config_digest(const std::string& digest) const {
  return digest == config_digest(config_) || digest == config_digest(config_, contents(folder_ / config_name));
}

void Recorder::environment(const std::string& json) { write_atomically(folder_ / environment_name, json); }

void Recorder::epoch(const EpochRow& row) {
  metrics_.append(csv_line({std::to_string(row.seed), std::to_string(row.epoch), csv_number(row.loss),
                            csv_number(row.learning_rate), row.neighbours ? std::to_string(row.neighbours) : "",
                            csv_number(row.seconds), csv_number(row.mae), csv_number(row.validation_mae)}));
}

void Recorder::predictions(std::span<const PredictionRow> rows) {
  std::string lines;
  for (const PredictionRow& row : rows)
    lines += csv_line({std::to_string(row.seed), csv_text(row.participant_id), csv_number(row.age),
                       csv_number(row.predicted), csv_text(row.part), csv_text(row.study)});
  predictions_.append(lines);
}

void Recorder::summary(std::span<const SeedResult> seeds, const Metrics& baseline, const RunFacts& facts,
                       const Provenance& provenance) {
  ordered_json out;
  out["test"] = over_seeds(seeds, &SeedResult::test);
  if (!seeds.empty() && std::isfinite(seeds[0].validation.mae))
    out["validation"] = over_seeds(seeds, &SeedResult::validation);
  out["watched"] = facts.watched.empty() ? ordered_json() : ordered_json(facts.watched);
  out["baseline"] = to_json(baseline);
  out["seeds"] = ordered_json::array();
  for (const SeedResult& s : seeds) {
    ordered_json one{{"seed", s.seed}};
    one.update(to_json(s.test));
    one["penalty"] = number(s.penalty);
    one["loss"] = number(s.loss);
    one["seconds"] = number(s.seconds);
    out["seeds"].push_back(one);
  }
  out["resumed"] = facts.resumed;
  out["config_sha256"] = facts.inputs.config;
  if (!facts.inputs.weights.empty()) out["pretrained_sha256"] = facts.inputs.weights;
  out.update(ordered_json::parse(to_json(provenance)));
  write_atomically(folder_ / summary_name, out.dump(2) + "\n");
  remove_file(checkpoint());
}

Logs Recorder::logs() const { return {whole(folder_ / metrics_name), whole(folder_ / predictions_name)}; }

void Recorder::rewind(const Logs& logs) {
  check_begins(folder_ / metrics_name, logs.metrics);
  check_begins(folder_ / predictions_name, logs.predictions);
  cut(metrics_, logs.metrics.bytes, metrics_header);
  cut(predictions_, logs.predictions.bytes, predictions_header);
}

}  // namespace cg
