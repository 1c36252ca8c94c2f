// SPDX-License-Identifier: Apache-2.0
// The synthetic cohort as a whole: age, stiffness and field of view as its specification expects (docs/phantom.md). The
// ranges are those of the specification, chosen from two seeds.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "data/phantom/phantom.h"
#include "data/split.h"
#include "experiments/statistics/metrics.h"
#include "experiments/statistics/predictor.h"
#include "tensor/parallel.h"

using namespace cg;
using namespace cg::phantom;

namespace {

constexpr Index n = full_cohort;
constexpr std::size_t splits = 5;  // random, 80:20

/// The quantities of the table, one value per subject.
struct Figures {
  std::vector<double> age, gap, coverage, brain_ml, mean;  ///< years, years, 0 … 1, ml, kPa
  std::vector<double> study;                               ///< one of five, [n, 5]
  std::vector<double> regions;                             ///< means, kPa, [n, 17]
};

/// Means of a map over the regions of the mean brain, and over all measured voxels.
void add_means(const Brain& brain, const Truth& truth, std::size_t row, Figures& out) {
  std::array<double, regions> sum{}, voxels{};
  double all = 0, seen = 0;
  for (std::size_t k = 0; k < brain.map.size(); ++k) {
    if (!(brain.map[k] > 0)) continue;
    all += static_cast<double>(brain.map[k]);
    ++seen;
    if (truth.labels[k] < 2) continue;
    sum[truth.labels[k] - 2u] += static_cast<double>(brain.map[k]);
    ++voxels[truth.labels[k] - 2u];
  }
  out.mean[row] = all / seen;
  for (std::size_t r = 0; r < regions; ++r)  // a region may be outside the field of view
    out.regions[row * regions + r] = voxels[r] > 0 ? sum[r] / voxels[r] : all / seen;
}

Figures compute() {
  const Grid grid(4);
  const Truth labels = truth(grid, {});
  const auto people = stiffness_people(n, 1);
  const auto size = static_cast<std::size_t>(n);
  Figures out{std::vector<double>(size),          std::vector<double>(size), std::vector<double>(size),
              std::vector<double>(size),          std::vector<double>(size), std::vector<double>(size * 5),
              std::vector<double>(size * regions)};
  const auto measure = [&](std::size_t i) {
    const Brain brain = stiffness_brain(static_cast<Index>(i), 1, people[i], grid, {});
    out.age[i] = people[i].age;
    out.gap[i] = brain.latents.gap;
    out.coverage[i] = brain.coverage;
    out.brain_ml[i] = brain.brain_ml;
    out.study[i * 5 + static_cast<std::size_t>(people[i].group)] = 1;
    add_means(brain, labels, i, out);
  };
  RegionErrors errors;
#pragma omp parallel for schedule(dynamic)
  for (std::size_t i = 0; i < size; ++i) errors.guard([&] { measure(i); });
  errors.rethrow();
  return out;
}

const Figures& figures() {
  static const Figures all = compute();
  return all;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<double> rows(const std::vector<double>& values, std::size_t columns, const std::vector<Index>& which) {
  std::vector<double> out;
  for (const Index i : which)
    for (std::size_t c = 0; c < columns; ++c) out.push_back(values[static_cast<std::size_t>(i) * columns + c]);
  return out;
}

/// Mean absolute error of a standardised ridge regression over the splits.
double ridge_mae(std::vector<double> features, std::size_t columns) {
  const Figures& f = figures();
  const auto size = static_cast<std::size_t>(n);
  for (std::size_t c = 0; c < columns; ++c) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < size; ++i) sum += features[i * columns + c];
    for (std::size_t i = 0; i < size; ++i) squares += std::pow(features[i * columns + c] - sum / n, 2);
    for (std::size_t i = 0; i < size; ++i)
      features[i * columns + c] = (features[i * columns + c] - sum / n) / std::sqrt(squares / n);
  }
  double total = 0;
  for (std::size_t split = 0; split < splits; ++split) {
    const Split parts = split_folds(n, 5, 0, static_cast<std::uint32_t>(split));
    const auto x = rows(features, columns, parts.train), test = rows(features, columns, parts.test);
    const auto width = static_cast<Index>(columns);
    const AgePredictor ridge =
        fit_predictor({}, {x, static_cast<Index>(parts.train.size()), width}, rows(f.age, 1, parts.train));
    total += mean_absolute_error(rows(f.age, 1, parts.test),
                                 ridge.predict({test, static_cast<Index>(parts.test.size()), width}));
  }
  return total / splits;
}

void check_within(const char* what, double value, double low, double high) {
  CAPTURE(what);
  std::printf("%-44s %8.4f   accepted %g to %g\n", what, value, low, high);
  CHECK(value >= low);
  CHECK(value <= high);
}

}  // namespace

TEST_CASE("phantom cohort: ages and true gaps are distributed as specified") {
  const Figures& f = figures();
  const MeanSd age = mean_sd(f.age);
  check_within("age, mean, years", age.mean, 40, 42.5);
  check_within("age, SD, years", age.sd, 21, 23);
  double gap = 0;
  for (const double g : f.gap) gap += std::abs(g) / n;
  check_within("floor: mean |gap|, years", gap, 1.8, 2.4);
}

TEST_CASE("phantom cohort: age can be predicted with the specified error") {
  const Figures& f = figures();
  double predictor = 0;
  for (std::size_t split = 0; split < splits; ++split) {
    const Split parts = split_folds(n, 5, 0, static_cast<std::uint32_t>(split));
    predictor += baseline(rows(f.age, 1, parts.train), rows(f.age, 1, parts.test)).mae / splits;
  }
  check_within("MAE, predicting the mean, years", predictor, 19, 21.5);
  check_within("MAE, study alone, years", ridge_mae(f.study, 5), 7, 9.5);
  check_within("MAE, whole-brain mean, years", ridge_mae(f.mean, 1), 9.2, 11.5);
  check_within("MAE, 17 region means, years", ridge_mae(f.regions, regions), 5.7, 7.9);
  std::vector<double> leaks;
  for (std::size_t i = 0; i < f.age.size(); ++i) {
    leaks.push_back(f.coverage[i]);
    leaks.push_back(f.brain_ml[i]);
  }
  check_within("MAE, coverage and volume only, years", ridge_mae(leaks, 2), 18, 100);
}

TEST_CASE("phantom cohort: stiffness falls with age as specified") {
  const Figures& f = figures();
  std::vector<double> young, old;
  double age_squares = 0, product = 0;
  const double age_mean = mean(f.age);
  for (std::size_t i = 0; i < f.age.size(); ++i) {
    if (f.age[i] < 36) young.push_back(f.mean[i]);
    if (f.age[i] > 60) old.push_back(f.mean[i]);
    age_squares += std::pow(f.age[i] - age_mean, 2);
    product += (f.age[i] - age_mean) * f.mean[i];
  }
  check_within("whole-brain mean below 36 years, kPa", mean(young), 2.73 - 0.1, 2.73 + 0.1);
  check_within("whole-brain mean above 60 years, kPa", mean(old), 2.12 - 0.1, 2.12 + 0.1);
  const double slope = product / age_squares, at20 = mean(f.mean) + slope * (20 - age_mean);
  check_within("slope, % of the line at 20 years per year", 100 * slope / at20, -0.56, -0.42);
  check_within("slope, kPa per year", slope, -0.016, -0.010);
  check_within("correlation with age", pearson_r(f.age, f.mean), -0.90, -0.75);
}

TEST_CASE("phantom cohort: field of view and brain size are distributed as specified") {
  const Figures& f = figures();
  double most = 0, full = 0;
  for (const double c : f.coverage) {
    most += c >= 0.9;
    full += c >= 0.99;
  }
  check_within("coverage, mean", mean(f.coverage), 0.95, 0.97);
  check_within("coverage, least", *std::min_element(f.coverage.begin(), f.coverage.end()), 0.78, 1);
  check_within("coverage, share of at least 0.9", most / n, 0.85, 0.97);
  check_within("coverage, share of at least 0.99", full / n, 0.15, 0.40);
  check_within("brain, mean, ml", mean(f.brain_ml), 1590, 1650);
}
