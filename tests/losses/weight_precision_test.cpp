// SPDX-License-Identifier: Apache-2.0
// Age weights that are compared in float32, as the published code compares them if its ages are whole numbers or
// float32: pairs far apart tie, and then nothing is pushed. The numbers of PyTorch are those of version 2.15 on a CPU.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "losses/explanation.h"
#include "losses/threshold.h"
#include "tensor/backend.h"
#include "tests/losses/checks.h"
#include "tests/support/property.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr auto single = WeightPrecision::float32, twice = WeightPrecision::float64;

/// c_it of the ages, with 0 on the diagonal.
Array counts(const std::vector<double>& ages, WeightPrecision precision) {
  Batch b = random_batch(1, static_cast<Index>(ages.size()), 1, 3);
  b.ages = ages;
  Array c = Threshold{{}, {.weight_precision = precision}}.pairs(b.input()).log_c.exp();
  c = c.round();
  c.matrix().diagonal().setZero();
  return c;
}

Array table(std::initializer_list<std::initializer_list<double>> rows) {
  Array out(static_cast<Index>(rows.size()), static_cast<Index>(rows.size()));
  Index i = 0;
  for (const auto& row : rows) {
    Index t = 0;
    for (const double number : row) out(i, t++) = number;
    ++i;
  }
  return out;
}

}  // namespace

TEST_CASE("Weights in float32: those of PyTorch to the last bit or the one before it, and 0 where it has 0") {
  struct Row {
    AgeKernel kernel;
    double sigma, difference, pytorch;
  };
  using enum AgeKernel;
  const Row rows[] = {
      {rbf, 2, 0, 1},
      {rbf, 2, 1, 0.882496893},
      {rbf, 2, 7, 0.00218749116},
      {rbf, 2, 20, 1.92874989e-22},
      {rbf, 2, 26, 2.00500878e-37},
      {rbf, 2, 27, 2.66021099e-40},  // not normal numbers, down to the smallest
      {rbf, 2, 28, 2.74654499e-43},
      {rbf, 2, 28.8, 1.40129846e-45},
      {rbf, 2, 28.85, 0},
      {rbf, 2, 29, 0},
      {rbf, 3, 30, 1.92874989e-22},
      {cauchy, 2.5, 0.1, 0.975609779},
      {cauchy, 2.5, 28.8, 0.000482020667},
      {gaussian, 3, 1.3, 0.121063553},
      {gaussian, 3, 28.8, 1.29270649e-21},
  };
  for (const bool flushing : {false, true}) {  // the CPU backend sets the processor to give 0 for such numbers
    CAPTURE(flushing);
    if (flushing) make_cpu_backend();
    for (const Row& row : rows) {
      CAPTURE(row.difference);
      const double weight = age_weight_in_float32(row.kernel, row.sigma, row.difference, 0);
      CHECK(std::abs(weight - row.pytorch) <= 1.2e-7 * row.pytorch + 1e-46);  // printed with 9 digits
      CHECK((weight == 0) == (row.pytorch == 0));
      CHECK(nearest_float(weight) == weight);
    }
  }
}

TEST_CASE("Threshold: ages of 20, 40, 60 and 90 years, counted by hand: beyond 29 years all tie in float32") {
  // In float64 a nearer age always has the larger weight. Distances of 20: 20, 40, 70; of 40: 20, 20, 50; of 60: 40,
  // 20, 30; of 90: 70, 50, 30. Column t: how many rows are farther from t than row i is.
  CHECK((counts({20, 40, 60, 90}, twice) == table({{0, 1, 0, 0}, {2, 0, 2, 1}, {1, 1, 0, 2}, {0, 0, 1, 0}})).all());
  // In float32 only weights at a distance of 20 are not 0. Seen from 90 years all others are equally far.
  CHECK((counts({20, 40, 60, 90}, single) == table({{0, 1, 0, 0}, {2, 0, 2, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}})).all());
}

TEST_CASE("Threshold: in float32 young and old subjects do not push each other, in float64 they do") {
  Batch b = random_batch(3, 4, 1, 3);
  b.ages = {20, 21, 70, 71};
  const auto explained = [&](WeightPrecision precision) {
    return make_loss<Threshold>({}, {.weight_precision = precision})->explain(b.input());
  };
  const Explanation in_double = explained(twice), in_single = explained(single);
  for (const auto& [i, t] : {std::pair(0, 2), std::pair(0, 3), std::pair(2, 0), std::pair(2, 1)}) {
    CHECK(in_single.c(i, t) == 0);
    CHECK(in_single.push(i, t) == 0);
  }
  CHECK(in_double.c(1, 2) == 1);  // of 70 years, 20 is farther than 21
  CHECK(in_double.push(1, 2) > 0);
  CHECK(in_single.push(1, 2) == 0);
  CHECK(in_single.push(0, 1) > 0);  // the young are still compared with the old: seen from 21, 70 is farther than 20
}

TEST_CASE("Threshold: an anchor 29 years from all others has no weight in float32: it adds 0 and is counted") {
  Batch b = random_batch(4, 4, 1, 3);
  b.ages = {20, 22, 24, 60};
  const auto result = [&](WeightPrecision precision) {
    return make_loss<Threshold>({}, {.weight_precision = precision})->evaluate(b.input());
  };
  CHECK(result(twice).metrics.anchors_without_weight == 0);
  const LossResult r = result(single);
  CHECK(r.metrics.anchors_without_weight == 1);
  CHECK(r.rows[3] == 0);
  CHECK(std::isfinite(r.value));
}

TEST_CASE("Threshold: the counts are those of the definition, in either precision, for any ages") {
  property("by definition", [] {
    const auto n = *rc::gen::inRange<std::size_t>(2, 14);
    const auto grid = *rc::gen::element(1.0, 10.0, 1e7);  // whole years, tenths, and what float32 cannot hold
    std::vector<double> ages(n);
    for (double& age : ages) age = *rc::gen::inRange<int>(18, 95) + *rc::gen::inRange<int>(0, 7) / grid;
    const auto precision = *rc::gen::element(single, twice);
    const Array c = counts(ages, precision);
    const Array w = age_weights(AgeKernel::rbf, 2, ages, precision);
    for (Index i = 0; i < w.rows(); ++i)
      for (Index t = 0; t < w.rows(); ++t)
        if (i != t) RC_ASSERT(c(i, t) == static_cast<double>((w.row(t) < w(t, i)).count()));
  });
}

TEST_CASE("Threshold: the printed formulation compares in float64 whatever is set") {
  const Batch b = random_batch(5, 6, 1, 4);
  const auto value = [&](WeightPrecision precision) {
    return make_loss<Threshold>({.formulation = Formulation::printed}, {.weight_precision = precision})
        ->evaluate(b.input())
        .value;
  };
  CHECK(value(single) == value(twice));
}
