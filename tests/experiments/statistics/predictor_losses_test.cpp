// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/predictor_losses.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "tensor/random.h"

using namespace cg;

namespace {

using Loss = std::function<LossAndGradient(std::span<const double>)>;

/// The largest difference between a gradient and central differences, relative to the gradient's largest entry.
double distance_from_differences(const Loss& loss, std::vector<double> at) {
  const std::vector<double> gradient = loss(at).gradient;
  REQUIRE(gradient.size() == at.size());
  const double h = 1e-5;
  double apart = 0, largest = 0;
  for (std::size_t k = 0; k < at.size(); ++k) {
    const double before = at[k];
    at[k] = before + h;
    const double up = loss(at).value;
    at[k] = before - h;
    const double down = loss(at).value;
    at[k] = before;
    apart = std::max(apart, std::abs((up - down) / (2 * h) - gradient[k]));
    largest = std::max(largest, std::abs(gradient[k]));
  }
  return apart / largest;
}

std::vector<double> normals(std::size_t n, std::uint64_t seed, double scale) {
  Random random({.seed = seed});
  std::vector<double> out(n);
  for (double& v : out) v = scale * random.normal();
  return out;
}

}  // namespace

TEST_CASE("Predictor losses: values worked out by hand") {
  const std::vector<double> predicted = {22, 30, 41, 50}, ages = {20, 30, 44, 49.5};
  const LossAndGradient l1 = l1_loss(predicted, ages);
  CHECK(l1.value == doctest::Approx((2 + 0 + 3 + 0.5) / 4));
  CHECK(l1.gradient == std::vector<double>{0.25, 0, -0.25, 0.25});
  const LossAndGradient huber = huber_loss(predicted, ages, 1);
  CHECK(huber.value == doctest::Approx((1.5 + 0 + 2.5 + 0.125) / 4));
  CHECK(huber.gradient == std::vector<double>{0.25, 0, -0.25, 0.125});
  const double third = std::log(2.0);  // softmax of (0, 0, ln 2) is ¼, ¼, ½
  const std::vector<double> logits = {0, 0, third, third, 0, 0};
  const std::vector<Index> truth = {2, 1};
  const LossAndGradient entropy = cross_entropy(logits, truth, 3);
  CHECK(entropy.value == doctest::Approx((std::log(2.0) + std::log(4.0)) / 2));
  const std::vector<double> expected = {0.125, 0.125, -0.25, 0.25, -0.375, 0.125};
  for (std::size_t k = 0; k < 6; ++k) CHECK(entropy.gradient[k] == doctest::Approx(expected[k]));
}

TEST_CASE("Predictor losses: gradients are those of central differences, away from the kinks") {
  const std::vector<double> ages = normals(12, 1, 20);
  std::vector<double> predicted = normals(12, 2, 20);
  for (std::size_t i = 0; i < 12; ++i) {
    const double r = predicted[i] - ages[i];
    for (const double kink : {-3.0, 0.0, 3.0})
      if (std::abs(r - kink) < 0.01) predicted[i] += 0.1;
  }
  // The differences' own error: nothing beyond rounding for L1, which is linear; h² and rounding / h for the others.
  CHECK(distance_from_differences([&](auto p) { return l1_loss(p, ages); }, predicted) < 1e-7);
  CHECK(distance_from_differences([&](auto p) { return huber_loss(p, ages, 3); }, predicted) < 1e-7);
  const std::vector<Index> truth = {0, 4, 2, 2};
  CHECK(distance_from_differences([&](auto l) { return cross_entropy(l, truth, 5); }, normals(20, 3, 3)) < 1e-7);
}

TEST_CASE("Predictor losses: planted faults are noticed by the check by differences") {
  // Each fault changes the gradient as a slip in its formula would, where residuals lie on both sides of every kink.
  const std::vector<double> ages = normals(12, 1, 20), logits = normals(20, 3, 3);
  std::vector<double> predicted = ages;
  for (std::size_t i = 0; i < 12; ++i) predicted[i] += (i % 2 ? -1.0 : 1.0) * (0.5 + static_cast<double>(i));
  const std::vector<Index> truth = {0, 4, 2, 2};
  using Fault = std::function<void(std::vector<double>&)>;
  const auto distance = [](const Loss& loss, std::span<const double> at, const Fault& fault) {
    const auto faulty = [&](std::span<const double> x) {
      LossAndGradient result = loss(x);
      fault(result.gradient);
      return result;
    };
    return distance_from_differences(faulty, {at.begin(), at.end()});
  };
  const Fault scaled = [](auto& g) {
    for (double& x : g) x *= 1.001;
  };
  const Fault negated = [](auto& g) {
    for (double& x : g) x = -x;
  };
  const Fault last_lost = [](auto& g) { g.back() = 0; };
  const Fault sum_for_mean = [](auto& g) {
    for (double& x : g) x *= static_cast<double>(g.size());
  };
  const Fault unclamped = [&](auto& g) {
    for (std::size_t i = 0; i < 12; ++i) g[i] = (predicted[i] - ages[i]) / 12;
  };
  const Fault without_truth = [&](auto& g) {
    for (std::size_t i = 0; i < 4; ++i) g[5 * i + truth[i]] += 0.25;
  };
  const Fault next_class = [](auto& g) { std::rotate(g.begin(), g.begin() + 1, g.end()); };
  const Loss l1 = [&](auto p) { return l1_loss(p, ages); };
  const Loss huber = [&](auto p) { return huber_loss(p, ages, 3); };
  const Loss entropy = [&](auto l) { return cross_entropy(l, truth, 5); };
  for (const Fault& fault : {scaled, negated, last_lost, sum_for_mean}) {
    CHECK(distance(l1, predicted, fault) > 5e-4);
    CHECK(distance(huber, predicted, fault) > 5e-4);
    CHECK(distance(entropy, logits, fault) > 5e-4);
  }
  CHECK(distance(huber, predicted, unclamped) > 5e-4);
  CHECK(distance(entropy, logits, without_truth) > 5e-4);
  CHECK(distance(entropy, logits, next_class) > 5e-4);
  CHECK(distance(l1, predicted, [](auto&) {}) < 1e-7);  // and without one nothing is
}

TEST_CASE("Huber's loss: half the squared error for a large delta, delta times the absolute error for a small one") {
  const std::vector<double> ages = normals(10, 4, 20), predicted = normals(10, 5, 20);
  double squares = 0;
  for (std::size_t i = 0; i < 10; ++i) squares += std::pow(predicted[i] - ages[i], 2) / 20;
  CHECK(huber_loss(predicted, ages, 1e6).value == doctest::Approx(squares));
  CHECK(huber_loss(predicted, ages, 1e-9).value / 1e-9 == doctest::Approx(l1_loss(predicted, ages).value));
}

TEST_CASE("Cross-entropy: logits of any size give finite numbers, and gradients that add up to 0 in each row") {
  const std::vector<Index> truth = {0, 1};
  for (const double size : {1.0, 1e4, 1e300}) {
    const std::vector<double> logits = {size, -size, 0, size, -size, 0};
    const LossAndGradient result = cross_entropy(logits, truth, 3);
    CHECK(std::isfinite(result.value));
    for (std::size_t row = 0; row < 2; ++row)
      CHECK(std::abs(result.gradient[3 * row] + result.gradient[3 * row + 1] + result.gradient[3 * row + 2]) < 1e-15);
  }
}
