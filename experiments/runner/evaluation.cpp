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

Evaluation evaluate(Learner& learner, Cohort& cohort, const EvaluationOptions& options, Index batch_size,
                    const BeforeBatch& before) {
  Evaluation e;
  e.train = encode(learner, cohort, cohort.split.train, options.features, batch_size, before);
  e.test = encode(learner, cohort, cohort.split.test, options.features, batch_size, before);
  const PredictorOptions how{options.predictor, options.huber_delta, options.penalty, learner.options().seed};
  const auto predictor = fit_predictor(how, e.train.rows(), cohort.ages(e.train.subjects));
  e.alpha = predictor->alpha();
  e.train_predicted = predictor->predict(e.train.rows());
  e.test_predicted = predictor->predict(e.test.rows());
  e.metrics = measure(cohort.ages(e.test.subjects), e.test_predicted);
  return e;
}

}  // namespace cg
