// SPDX-License-Identifier: Apache-2.0
#include "experiments/study/trainings.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "experiments/record/recorder.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr const char* study_column = "study";

/// One division of the subjects into parts.
struct Division {
  Index fold = 0;
  std::string text;  ///< what distinguishes it from the others of a seed
  DataOptions data;
};

/// A protocol that divides the subjects itself starts from folds, the default, which no row replaces.
void require_folds(const Study& study, const DataOptions& data, const char* protocol) {
  if (data.split != SplitBy::rows && data.split != SplitBy::persons)
    fail(ErrorKind::usage, study.name, fmt::format("study.protocol = \"{}\" needs a split into folds", protocol),
         "Set data.split = \"persons\" or \"rows\"");
}

/// The seeds of splits are 32 bits wide.
DataOptions division_of_seed(DataOptions data, Index seed) {
  data.split_seed = (data.split_seed + seed) % (Index{1} << 32);
  return data;
}

/// Each seed has its own folds: otherwise seeds times folds would count as so many divisions, and the corrected
/// interval (resampled.h) would be too narrow.
std::vector<Division> by_fold(const DataOptions& of_row, Index seed) {
  const DataOptions data = division_of_seed(of_row, seed);
  std::vector<Division> out;
  for (Index fold = 0; fold < data.folds; ++fold) {
    out.push_back({fold, fmt::format(", fold {}", fold), data});
    out.back().data.fold = fold;
  }
  return out;
}

std::vector<Division> by_repetition(const DataOptions& data, Index seed) {
  return {{data.fold, "", division_of_seed(data, seed)}};
}

std::vector<Division> by_study(const DataOptions& data, const std::vector<std::string>& names) {
  std::vector<Division> out;
  for (std::size_t k = 0; k < names.size(); ++k) {
    out.push_back({static_cast<Index>(k), fmt::format(", tested on study {}", names[k]), data});
    DataOptions& own = out.back().data;
    own.split = SplitBy::column;
    own.split_column = study_column;
    own.test_values = {names[k]};
    own.validation_values = {};
  }
  return out;
}

std::vector<Division> divisions(const Study& study, const StudyRow& row, Index seed, const StudyNames& names) {
  const DataOptions& data = row.config.data;
  switch (study.options.protocol) {
    case Protocol::published:
      return {{data.fold, "", data}};
    case Protocol::k_fold:
      require_folds(study, data, "k_fold");
      return by_fold(data, seed);
    case Protocol::repeated:
      require_folds(study, data, "repeated");
      return by_repetition(data, seed);
    case Protocol::leave_one_study_out:
      require_folds(study, data, "leave_one_study_out");
      return by_study(data, names(data));
  }
  return {};
}

/// Adds the cells of one seed of a row, and the trainings that no cell before needed.
class Planner {
 public:
  Planner(StudyPlan& plan, const std::filesystem::path& folder, const StudyNames& names)
      : plan_(plan), folder_(folder), names_(names) {}

  void add(std::size_t study, std::size_t row, Index seed) {
    const StudyRow& of = plan_.studies[study].rows[row];
    for (const Division& division :
         divisions(plan_.studies[study], of, seed, [&](const DataOptions& data) { return names_of(data); })) {
      const Config config = training_config(of, seed, division.data);
      const auto [at, is_new] = known_.try_emplace(config_digest(config), plan_.trainings.size());
      if (is_new)
        plan_.trainings.push_back(
            {config, folder_ / at->first.substr(0, 16), fmt::format("{}, seed {}{}", of.label, seed, division.text)});
      plan_.cells.push_back({study, row, at->second, seed, division.fold});
    }
  }

 private:
  /// Each cohort is opened once.
  const std::vector<std::string>& names_of(const DataOptions& data) {
    const std::string path = cohort_path(data).string();
    const auto at = studies_.find(path);
    return at != studies_.end() ? at->second : studies_[path] = names_(data);
  }

  StudyPlan& plan_;
  const std::filesystem::path& folder_;
  const StudyNames& names_;
  std::map<std::string, std::size_t> known_;                 // trainings by digest
  std::map<std::string, std::vector<std::string>> studies_;  // by the path of the cohort
};

}  // namespace

bool Training::is_done() const { return is_finished(folder, config); }

std::optional<double> Training::seconds() const {
  if (!is_done()) return std::nullopt;
  std::ifstream in(folder / "summary.json");
  const nlohmann::json summary = nlohmann::json::parse(in, nullptr, false);
  if (!summary.is_object() || !summary.contains("seeds") || !summary["seeds"].is_array()) return std::nullopt;
  double all = 0;
  for (const auto& seed : summary["seeds"])
    if (seed.is_object() && seed.contains("seconds") && seed["seconds"].is_number())
      all += seed["seconds"].get<double>();
  return all > 0 ? std::optional(all) : std::nullopt;
}

std::string pace_of(const Config& config) {
  Config key;
  key.threads = config.threads;
  key.train.batch_size = config.train.batch_size;
  key.train.recompute = config.train.recompute;
  key.data = config.data;
  key.data.fold = 0;
  key.data.split_seed = 0;
  key.data.test_values = {};
  key.data.augment = AugmentOptions();
  if (!config.data.augment.apply.empty()) key.data.augment.apply = {"flip"};  // any gives two views instead of one
  key.model = config.model;
  key.precision = config.precision;
  return resolved_config(key);
}

Config training_config(const StudyRow& row, Index seed, const DataOptions& data) {
  Config config = row.config;
  config.seeds = {seed};
  config.data = data;
  config.evaluation.features = EvaluationOptions().features;
  config.evaluation.predictor = PredictorOptions();
  std::vector<Index>& kept = config.evaluation.embeddings_at;
  if (std::ranges::find(kept, config.train.epochs) == kept.end()) kept.push_back(config.train.epochs);
  std::ranges::sort(kept);
  return config;
}

StudyPlan plan_studies(std::vector<Study> studies, const std::filesystem::path& folder, const StudyNames& names) {
  StudyPlan plan{std::move(studies), {}, {}};
  Planner planner(plan, folder, names);
  std::size_t most = 0;
  for (const Study& study : plan.studies) most = std::max(most, study.options.seeds.size());
  for (std::size_t k = 0; k < most; ++k)
    for (std::size_t s = 0; s < plan.studies.size(); ++s) {
      const std::vector<Index>& seeds = plan.studies[s].options.seeds;
      for (std::size_t r = 0; k < seeds.size() && r < plan.studies[s].rows.size(); ++r) planner.add(s, r, seeds[k]);
    }
  std::ranges::stable_sort(plan.cells, {}, [](const Cell& cell) { return std::tuple(cell.study, cell.row); });
  return plan;
}

std::string tested_study(const StudyPlan& plan, const Cell& cell) {
  if (plan.studies[cell.study].options.protocol != Protocol::leave_one_study_out) return "";
  return plan.trainings[cell.training].config.data.test_values.front();
}

}  // namespace cg
