// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/ridge.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "experiments/statistics/metrics.h"
#include "tensor/error.h"
#include "tensor/random.h"
#include "tests/support/golden_reader.h"

using namespace cg;

namespace {

/// The folds of scikit-learn's GridSearchCV, which the golden file was made with.
const PredictorOptions contiguous{.name = "ridge", .shared = {.inner_folds = InnerFolds::contiguous}};

struct Array {
  std::vector<double> values;
  Index rows = 1, columns = 1;
  FeatureRows features() const { return {values, rows, columns}; }
};

/// The features [n, p] and ages [n] of a part of a golden case.
struct Part {
  std::vector<double> ages;
  Array x;
  Part(const test::GoldenFile& file, const std::string& prefix) : ages(file.numbers(prefix + "_ages")) {
    x.values = file.numbers(prefix + "_features");
    x.rows = static_cast<Index>(ages.size());
    x.columns = static_cast<Index>(x.values.size()) / x.rows;
  }
};

/// Largest difference relative to the largest entry.
double difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0, apart = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(b[i]));
    apart = std::max(apart, std::abs(a[i] - b[i]));
  }
  return apart / largest;
}

Array normals(Index rows, Index columns, std::uint64_t seed) {
  Random random({.seed = seed});
  Array out{std::vector<double>(static_cast<std::size_t>(rows * columns)), rows, columns};
  for (double& v : out.values) v = random.normal();
  return out;
}

AgePredictor fitted(const Array& x, std::span<const double> ages, double alpha) {
  return RidgePredictor().fit(x.features(), ages, std::span(&alpha, 1)).at(0);
}

}  // namespace

TEST_CASE("Ridge: scores, alpha, predictions and error of the golden cases") {
  const test::GoldenFile file("ops.h5");
  int cases = 0;
  for (const std::string& group : file.groups()) {
    if (!group.starts_with("ridge_")) continue;
    ++cases;
    CAPTURE(group);
    const Part train(file, group + "/train"), test(file, group + "/test");
    const PenaltySearch found = search_penalty(contiguous, train.x.features(), train.ages);
    // Double arithmetic with Gram matrices of condition 1e5 at most: 1e-10.
    CHECK(difference(found.mean_r2, file.numbers(group + "/cv_r2")) < 1e-10);
    CHECK(found.best == doctest::Approx(file.numbers(group + "/alpha")[0]).epsilon(1e-15));
    const std::vector<double> predicted = found.predictor.predict(test.x.features());
    CHECK(difference(predicted, file.numbers(group + "/predictions")) < 1e-10);
    CHECK(difference({mean_absolute_error(test.ages, predicted)}, file.numbers(group + "/mae")) < 1e-10);
  }
  CHECK(cases >= 3);
}

TEST_CASE("Ridge: the gradient of its objective vanishes, with fewer and with more features than subjects") {
  for (const Index p : {Index{3}, Index{12}, Index{40}}) {
    const Index n = 12;
    const Array x = normals(n, p, 1), y = normals(n, 1, 2);
    const AgePredictor model = fitted(x, y.values, 0.7);
    const std::vector<double> predicted = model.predict(x.features());
    double sum = 0;
    for (std::size_t i = 0; i < 12; ++i) sum += predicted[i] - y.values[i];
    CHECK(std::abs(sum) < 1e-11);  // the derivative by the intercept
    for (std::size_t k = 0; k < static_cast<std::size_t>(p); ++k) {
      double slope = 0.7 * model.weights[k];
      for (std::size_t i = 0; i < 12; ++i)
        slope += (predicted[i] - y.values[i]) * x.values[i * static_cast<std::size_t>(p) + k];
      CHECK(std::abs(slope) < 1e-11);
    }
  }
}

TEST_CASE("Ridge: the intercept is not penalised, so a shift of all ages shifts the predictions") {
  const Array x = normals(30, 4, 3);
  Array y = normals(30, 1, 4);
  const std::vector<double> before = fitted(x, y.values, 100).predict(x.features());
  for (double& age : y.values) age += 1000;
  const std::vector<double> after = fitted(x, y.values, 100).predict(x.features());
  for (std::size_t i = 0; i < 30; ++i) CHECK(after[i] - before[i] == doctest::Approx(1000).epsilon(1e-12));
}

TEST_CASE("Ridge: constant features leave the mean age, and the smallest alpha wins the tie") {
  const Array y = normals(20, 1, 5);
  const Array x{std::vector<double>(60, 2.0), 20, 3};
  const PenaltySearch found = search_penalty(contiguous, x.features(), y.values);
  CHECK(found.best == 0.01);
  for (const double w : found.predictor.weights) CHECK(w == 0);
  CHECK(found.predictor.predict(x.features())[0] == doctest::Approx(found.predictor.bias[0]));
}

TEST_CASE("Ridge: disagreeing sizes, too few subjects and values that are not finite are refused") {
  const auto kind = [](auto call) {
    try {
      call();
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::interrupted;
  };
  const Array x = normals(12, 2, 6), y = normals(12, 1, 7);
  const std::vector<double> short_ages(11), nine(9);
  CHECK(kind([&] { fitted(x, short_ages, 1); }) == ErrorKind::data);
  CHECK(kind([&] { search_penalty({}, {std::span(x.values).first(18), 9, 2}, nine); }) == ErrorKind::data);
  CHECK(kind([&] { AgePredictor{.weights = {1}, .bias = {0}}.predict(x.features()); }) == ErrorKind::data);
  Array bad = x;
  bad.values[3] = std::numeric_limits<double>::quiet_NaN();
  CHECK(kind([&] { search_penalty({}, bad.features(), y.values); }) == ErrorKind::numbers);
  bad = y;
  bad.values[3] = std::numeric_limits<double>::infinity();
  CHECK(kind([&] { search_penalty({}, x.features(), bad.values); }) == ErrorKind::numbers);
}
