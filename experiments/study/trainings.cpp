// SPDX-License-Identifier: Apache-2.0
#include "experiments/study/trainings.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "experiments/record/recorder.h"
#include "tensor/error.h"

namespace cg {
namespace {

std::vector<Index> folds_of(const Study& study, const StudyRow& row) {
  if (study.options.protocol == Protocol::published) return {row.config.data.fold};
  if (row.config.data.split != SplitBy::rows && row.config.data.split != SplitBy::persons)
    fail(ErrorKind::usage, study.name, "study.protocol = \"k_fold\" needs a split into folds",
         "Set data.split = \"persons\" or \"rows\"");
  std::vector<Index> all;
  for (Index fold = 0; fold < row.config.data.folds; ++fold) all.push_back(fold);
  return all;
}

}  // namespace

bool Training::is_done() const { return is_finished(folder, config); }

Config training_config(const StudyRow& row, Index seed, Index fold) {
  Config config = row.config;
  config.seeds = {seed};
  config.data.fold = fold;
  config.evaluation.features = EvaluationOptions().features;
  config.evaluation.predictor = PredictorOptions();
  std::vector<Index>& kept = config.evaluation.embeddings_at;
  if (std::ranges::find(kept, config.train.epochs) == kept.end()) kept.push_back(config.train.epochs);
  std::ranges::sort(kept);
  return config;
}

StudyPlan plan_studies(std::vector<Study> studies, const std::filesystem::path& folder) {
  StudyPlan plan{std::move(studies), {}, {}};
  std::map<std::string, std::size_t> known;
  for (std::size_t s = 0; s < plan.studies.size(); ++s) {
    const Study& study = plan.studies[s];
    for (std::size_t r = 0; r < study.rows.size(); ++r) {
      const StudyRow& row = study.rows[r];
      const std::vector<Index> folds = folds_of(study, row);
      for (const Index seed : study.options.seeds)
        for (const Index fold : folds) {
          const Config config = training_config(row, seed, fold);
          const auto [at, is_new] = known.try_emplace(config_digest(config), plan.trainings.size());
          if (is_new)
            plan.trainings.push_back({config, folder / at->first.substr(0, 16),
                                      fmt::format("{}, seed {}{}", row.label, seed,
                                                  folds.size() > 1 ? fmt::format(", fold {}", fold) : "")});
          plan.cells.push_back({s, r, at->second, seed, fold});
        }
    }
  }
  return plan;
}

}  // namespace cg
