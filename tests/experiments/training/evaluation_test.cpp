// SPDX-License-Identifier: Apache-2.0
// An evaluation whose numbers are not finite: it says so and names the subject, in place of a result.
#include "experiments/training/evaluation.h"

#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <limits>
#include <string>

#include "losses/registry.h"
#include "tests/support/thrown.h"
#include "tests/support/tiny_cohort.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();

Cohort& cohort() {
  static const TinyCohort made(15, 14);
  static Cohort opened = open_cohort({.cohort = made.file, .phantom = {}, .augment = {}}, [](const std::string&) {});
  return opened;
}

std::string id(Index subject) { return cohort().file->subject(subject).id; }

/// A learner with random weights.
std::unique_ptr<Learner> learner(Backend& backend, DType activations) {
  const Shape volume = cohort().file->volume_shape();
  LearnerOptions options;
  options.model = {.channels = 1, .width = 4, .embedding = 8};
  options.volume = {volume[0], volume[1], volume[2]};
  options.activations = activations;
  return std::make_unique<Learner>(backend, options, make_loss({}));
}

/// All subjects' features: two numbers that follow the age.
SubjectFeatures features() {
  SubjectFeatures all{{}, {}, 2};
  for (Index i = 0; i < cohort().file->size(); ++i) {
    all.subjects.push_back(i);
    all.values.push_back(cohort().file->subject(i).age / 50);
    all.values.push_back(static_cast<double>(i % 3));
  }
  return all;
}

}  // namespace

TEST_CASE(
    "evaluation: a feature that is not finite, of the training or of the test part, is an error with the subject") {
  const PredictorOptions options;
  CHECK(evaluate(features(), cohort(), options, {}).test.metrics.mae < 5);
  for (const std::vector<Index>* part : {&cohort().split.train, &cohort().split.test})
    for (const double bad : {not_a_number, infinity, -infinity}) {
      SubjectFeatures all = features();
      const Index subject = part->back();
      all.values[static_cast<std::size_t>(2 * subject + 1)] = bad;
      check_fails([&] { evaluate(all, cohort(), options, {}); }, ErrorKind::numbers,
                  {"a feature", "subject " + id(subject)});
    }
}

TEST_CASE(
    "evaluation: only the parts that are asked for are evaluated, and there is no validation part unless split off") {
  const Evaluation all = evaluate(features(), cohort(), {}, {});
  CHECK(all.validation.predicted.empty());
  CHECK(all.test.predicted.size() == cohort().split.test.size());
  CHECK(evaluate(features(), cohort(), {}, {.test = false}).test.predicted.empty());
}

TEST_CASE("evaluation: a predictor that is not better than the mean age, and a penalty at an end, give a warning") {
  const auto has = [](const Evaluation& e, const char* words) {
    return std::ranges::any_of(e.warnings, [&](const std::string& w) { return w.find(words) != std::string::npos; });
  };
  const PredictorOptions fixed{.shared = {.penalty = 1}};
  CHECK(evaluate(features(), cohort(), fixed, {}).warnings.empty());
  SubjectFeatures wrong = features();
  for (const Index i : cohort().split.test) wrong.values[static_cast<std::size_t>(2 * i)] *= -3;
  CHECK(has(evaluate(wrong, cohort(), fixed, {}), "the test error of ridge"));
  SubjectFeatures constant = features();
  std::ranges::fill(constant.values, 1.0);
  CHECK(has(evaluate(constant, cohort(), {}, {}), "the smallest that was tried"));
}

TEST_CASE(
    "evaluation: NaN in the weights or statistics of a layer ends the encoding, with the name of the first subject") {
  omp_set_num_threads(1);  // the volumes are tiny
  const auto backend = make_cpu_backend();
  for (const DType activations : {DType::f32, DType::bf16}) {
    const auto fresh = learner(*backend, activations);
    CHECK(encode(*fresh, cohort(), 4, [] {}).encoder.values.size() == 15 * 32);
    const auto& all = fresh->parameters().parameters();
    for (std::size_t k = 0; k < all.size(); k += activations == DType::f32 ? 2 : 5) {
      const Parameter* p = all[k];
      CAPTURE(p->name);
      const auto broken = learner(*backend, activations);
      Parameter& parameter = broken->parameters().find(p->name);
      std::vector<double> values = broken->parameters().read(parameter);
      std::fill(values.begin(), values.end(), not_a_number);  // of some only border voxels would see a single one
      broken->parameters().write(parameter, values);
      check_fails([&] { encode(*broken, cohort(), 4, [] {}); }, ErrorKind::numbers,
                  {p->name.starts_with("head") ? "after the projection" : "before the projection", "subject " + id(0)});
    }
  }
}
