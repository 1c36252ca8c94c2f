// SPDX-License-Identifier: Apache-2.0
// The quality of the representation: features of all subjects in evaluation mode, a predictor of age fitted on those of
// the training part, and its errors on the test part (paper section 4.2).
#pragma once

#include <functional>

#include "experiments/statistics/metrics.h"
#include "experiments/statistics/predictor.h"
#include "experiments/training/cohort.h"
#include "experiments/training/learner.h"

namespace cg {

/// Features of some subjects, [n, width] row-major, in their order.
struct SubjectFeatures {
  std::vector<Index> subjects;
  std::vector<double> values;
  Index width = 0;
  FeatureRows rows() const { return {values, static_cast<Index>(subjects.size()), width}; }
};

/// Called before every batch; may throw to stop the evaluation.
using BeforeBatch = std::function<void()>;

/// The network's features of every subject, in the cohort's order.
struct CohortFeatures {
  SubjectFeatures projected, encoder;
  const SubjectFeatures& at(Features which) const { return which == Features::projected ? projected : encoder; }
};

/// Runs all volumes through the network in evaluation mode, once. Errors: numbers, naming the subject, if a feature is
/// not finite.
CohortFeatures encode(Learner& learner, Cohort& cohort, Index batch_size, const BeforeBatch& before);

/// The rows of `subjects`, selected from those of the whole cohort.
SubjectFeatures select(const SubjectFeatures& all, const std::vector<Index>& subjects);

/// A part of the split with its predicted ages.
struct EvaluatedPart {
  SubjectFeatures features;
  std::vector<double> predicted;  ///< years
  Metrics metrics;
};

struct Evaluation {
  AgePredictor predictor;                 ///< fitted on the training part
  EvaluatedPart train, validation, test;  ///< without subjects: not evaluated
  std::vector<std::string> warnings;
};

/// Which parts are evaluated besides the training part. The validation part only if there is one.
struct EvaluatedParts {
  bool validation = true, test = true;
};

/// Fits a predictor on the training part of the cohort's features and evaluates it. Warns of a penalty at the end of
/// those tried, and of an error that is not below that of predicting the mean age. Errors: numbers, naming
/// the subject, if a feature or a predicted age is not finite.
Evaluation evaluate(const SubjectFeatures& all, const Cohort& cohort, const PredictorOptions& options,
                    const EvaluatedParts& parts);

}  // namespace cg
