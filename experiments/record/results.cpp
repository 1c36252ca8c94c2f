// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/results.h"

#include <fmt/format.h>

#include "experiments/pages/scatter.h"

namespace cg {

std::vector<PredictionRow> prediction_rows(const CohortFile& cohort, Index seed, const Evaluation& e) {
  std::vector<PredictionRow> rows;
  const auto add = [&](const EvaluatedPart& part, const char* name) {
    for (std::size_t k = 0; k < part.predicted.size(); ++k) {
      const Subject& subject = cohort.subject(part.features.subjects[k]);
      rows.push_back({seed, subject.id, subject.age, part.predicted[k], name, subject.study});
    }
  };
  add(e.train, "train");
  add(e.validation, "validation");
  add(e.test, "test");
  return rows;
}

std::string prediction_picture(const CohortFile& cohort, const Evaluation& e, const std::string& run) {
  std::vector<double> ages;
  std::vector<std::string> studies;
  for (Index i : e.test.features.subjects) {
    ages.push_back(cohort.subject(i).age);
    studies.push_back(cohort.subject(i).study);
  }
  const ScatterText text{fmt::format("{}: test MAE {:.2f} years", run, e.test.metrics.mae),
                         cohort.synthetic() ? "synthetic phantom cohort: computed, not measured" : ""};
  return scatter_svg(ages, e.test.predicted, studies, text);
}

void print_results(std::span<const SeedResult> results, const Metrics& mean_age, bool synthetic) {
  std::vector<double> maes;
  for (const SeedResult& result : results) maes.push_back(result.test.mae);
  const MeanSd mae = mean_sd(maes);
  const std::string spread =
      results.size() > 1 ? fmt::format(" ± {:.3f} (SD over {} seeds)", mae.sd, results.size()) : "";
  const SeedResult& first = results[0];
  fmt::print(
      "\ntest MAE {:.3f}{} years; r {:.3f}, R² {:.3f}, RMSE {:.3f} (seed {}); predicting the mean age: {:.3f} years\n",
      mae.mean, spread, first.test.r, first.test.r2, first.test.rmse, first.seed, mean_age.mae);
  if (synthetic) fmt::print("*** on a SYNTHETIC PHANTOM cohort: not a replication of the paper's figures ***\n");
}

}  // namespace cg
