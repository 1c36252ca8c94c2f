// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/evaluation.h"

#include <numeric>

namespace cg {

namespace {

/// The features of one more batch, row-major.
void append(SubjectFeatures& all, const std::vector<Index>& subjects, const std::vector<double>& values) {
  all.subjects.insert(all.subjects.end(), subjects.begin(), subjects.end());
  all.values.insert(all.values.end(), values.begin(), values.end());
  all.width = static_cast<Index>(values.size() / subjects.size());
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
  e.predictor = fit_predictor(options, e.train.rows(), cohort.ages(e.train.subjects));
  e.train_predicted = e.predictor.predict(e.train.rows());
  e.test_predicted = e.predictor.predict(e.test.rows());
  e.metrics = measure(cohort.ages(e.test.subjects), e.test_predicted);
  return e;
}

}  // namespace cg
