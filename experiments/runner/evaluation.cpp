#include "experiments/runner/evaluation.h"

namespace cg {

SubjectFeatures encode(Learner& learner, Cohort& cohort, const std::vector<Index>& subjects, Features which,
                       Index batch_size, const BeforeBatch& before) {
  SubjectFeatures out{subjects, {}, 0};
  Loader loader(*cohort.volumes, subjects, {.batch_size = batch_size, .shuffle = false, .augment = {}});
  while (const auto batch = loader.next()) {
    before();
    const Encoded encoded = learner.encode(batch->volumes);
    const std::vector<double>& values = which == Features::projected ? encoded.embeddings : encoded.features;
    out.values.insert(out.values.end(), values.begin(), values.end());
    out.width = static_cast<Index>(values.size() / batch->subjects.size());
  }
  return out;
}

Evaluation evaluate(Learner& learner, Cohort& cohort, Features which, Index batch_size, const BeforeBatch& before) {
  Evaluation e;
  e.train = encode(learner, cohort, cohort.split.train, which, batch_size, before);
  e.test = encode(learner, cohort, cohort.split.test, which, batch_size, before);
  e.ridge = search_ridge(e.train.rows(), cohort.ages(e.train.subjects));
  e.train_predicted = predict(e.ridge.model, e.train.rows());
  e.test_predicted = predict(e.ridge.model, e.test.rows());
  e.metrics = measure(cohort.ages(e.test.subjects), e.test_predicted);
  return e;
}

}  // namespace cg
