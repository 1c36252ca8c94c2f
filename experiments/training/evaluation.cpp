// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/evaluation.h"

#include <fmt/format.h>

#include <cmath>

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
           "Training probably diverged: lower train.learning_rate");
}

}  // namespace

DeviceLoader evaluation_batches(Learner& learner, Cohort& cohort, Index batch_size) {
  return cohort.batches(learner.parameters().backend(), all_subjects(*cohort.file),
                        {.batch_size = batch_size, .shuffle = false, .augment = {}});
}

CohortFeatures encode(Learner& learner, Cohort& cohort, Index batch_size, const BeforeBatch& before) {
  CohortFeatures out;
  DeviceLoader loader = evaluation_batches(learner, cohort, batch_size);
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

Evaluation evaluate(const SubjectFeatures& all, const Cohort& cohort, const PredictorOptions& options,
                    const EvaluatedParts& parts) {
  Evaluation e;
  const Split& split = cohort.split;
  const std::vector<double> train_ages = cohort.ages(split.train);
  e.train.features = select(all, split.train);
  check_finite("a feature", e.train.features.values, split.train, cohort);
  e.predictor = fit_predictor(options, e.train.features.rows(), train_ages);
  if (const std::string warning = penalty_warning(options, e.predictor); !warning.empty())
    e.warnings.push_back(warning);
  const auto measure_part = [&](EvaluatedPart& part, const std::vector<Index>& subjects) {
    part.features = select(all, subjects);
    check_finite("a feature", part.features.values, subjects, cohort);
    part.predicted = e.predictor.predict(part.features.rows());
    check_finite("the predicted age", part.predicted, subjects, cohort);
    part.metrics = measure(cohort.ages(subjects), part.predicted);
  };
  measure_part(e.train, split.train);
  const auto measure_left_out = [&](const char* name, EvaluatedPart& part, const std::vector<Index>& subjects) {
    measure_part(part, subjects);
    const double by_mean = baseline(train_ages, cohort.ages(subjects)).mae;
    if (!(part.metrics.mae < by_mean))
      e.warnings.push_back(
          fmt::format("the {} error of {}, {:.3f} years, is not below that of predicting the mean age, "
                      "{:.3f} years",
                      name, options.name, part.metrics.mae, by_mean));
  };
  if (parts.validation && !split.validation.empty()) measure_left_out("validation", e.validation, split.validation);
  if (parts.test) measure_left_out("test", e.test, split.test);
  return e;
}

}  // namespace cg
