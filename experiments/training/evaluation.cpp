// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/evaluation.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "tensor/error.h"

namespace cg {

namespace {

/// The features of one more batch, row-major.
void append(SubjectFeatures& all, const std::vector<Index>& subjects, const std::vector<double>& values) {
  all.subjects.insert(all.subjects.end(), subjects.begin(), subjects.end());
  all.values.insert(all.values.end(), values.begin(), values.end());
  all.width = static_cast<Index>(values.size() / subjects.size());
}

/// Checks `values`, as many for each of the subjects.
void check_finite(const std::string& what, const std::vector<double>& values, const std::vector<Index>& subjects,
                  const Cohort& cohort) {
  const std::size_t each = subjects.empty() ? 1 : values.size() / subjects.size();
  for (std::size_t k = 0; k < values.size(); ++k)
    if (!std::isfinite(values[k]))
      fail(ErrorKind::numbers, "evaluation",
           fmt::format("{} of subject {} is {}, expected a finite number", what,
                       cohort.file->subject(subjects[k / each]).id, values[k]),
           "Look for where training diverged: lower train.learning_rate");
}

}  // namespace

CohortFeatures encode(Learner& learner, Cohort& cohort, Index batch_size, const BeforeBatch& before) {
  std::vector<Index> all(static_cast<std::size_t>(cohort.file->size()));
  std::iota(all.begin(), all.end(), Index{0});
  CohortFeatures out;
  DeviceLoader loader =
      cohort.batches(learner.parameters().backend(), all, {.batch_size = batch_size, .shuffle = false, .augment = {}});
  while (const auto batch = loader.next()) {
    before();
    const Encoded encoded = learner.encode(batch->volumes);
    check_finite("a feature before the projection", encoded.features, batch->subjects, cohort);
    check_finite("a feature after the projection", encoded.embeddings, batch->subjects, cohort);
    append(out.projected, batch->subjects, encoded.embeddings);
    append(out.encoder, batch->subjects, encoded.features);
  }
  return out;
}

SubjectFeatures select(const SubjectFeatures& all, const std::vector<Index>& subjects) {
  SubjectFeatures out{subjects, {}, all.width};
  for (const Index i : subjects) {
    const auto row = all.values.begin() + i * all.width;
    out.values.insert(out.values.end(), row, row + all.width);
  }
  return out;
}

Evaluation evaluate(const SubjectFeatures& all, const Cohort& cohort, const PredictorOptions& options) {
  Evaluation e;
  e.train = select(all, cohort.split.train);
  e.test = select(all, cohort.split.test);
  check_finite("a feature", e.train.values, e.train.subjects, cohort);
  check_finite("a feature", e.test.values, e.test.subjects, cohort);
  e.predictor = fit_predictor(options, e.train.rows(), cohort.ages(e.train.subjects));
  e.train_predicted = e.predictor.predict(e.train.rows());
  e.test_predicted = e.predictor.predict(e.test.rows());
  check_finite("the predicted age", e.train_predicted, e.train.subjects, cohort);
  check_finite("the predicted age", e.test_predicted, e.test.subjects, cohort);
  e.metrics = measure(cohort.ages(e.test.subjects), e.test_predicted);
  return e;
}

}  // namespace cg
