// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/predictor.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "experiments/statistics/all_predictors.h"
#include "experiments/statistics/metrics.h"
#include "tensor/random.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Those with random initial weights.
std::vector<std::string> trained() {
  std::vector<std::string> names = predictor_names();
  std::erase(names, RidgePredictor::name);
  return names;
}

/// Generated subjects: features [n, p], ages.
struct Made {
  Index rows, columns;
  std::vector<double> x, ages;
  FeatureRows features() const { return {x, rows, columns}; }
};

/// Ages that follow from normal features, 45 years on average, with some noise.
Made linear(Index rows, Index columns, double noise, std::uint64_t seed = 1) {
  Random random({.seed = seed});
  Made m{rows, columns, {}, {}};
  for (Index i = 0; i < rows; ++i) {
    double age = 45;
    for (Index j = 0; j < columns; ++j) {
      m.x.push_back(random.normal());
      age += (j % 2 ? -4.0 : 6.0) * m.x.back();
    }
    m.ages.push_back(age + noise * random.normal());
  }
  return m;
}

std::vector<double> predictions(const PredictorOptions& options, const Made& fitted, const Made& asked) {
  return fit_predictor(options, fitted.features(), fitted.ages).predict(asked.features());
}

template <PredictorType P>
std::vector<double> predictions(const P& predictor, const Made& fitted, const Made& asked) {
  const double penalty = predictor.shared.penalty.value_or(0.01);
  return predictor.fit(fitted.features(), fitted.ages, std::span(&penalty, 1)).at(0).predict(asked.features());
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

/// Every column with mean 0 and standard deviation 1 over the rows.
void standardise(std::vector<double>& x, Index columns) {
  const auto p = static_cast<std::size_t>(columns), n = x.size() / p;
  for (std::size_t j = 0; j < p; ++j) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < n; ++i) sum += x[i * p + j];
    for (std::size_t i = 0; i < n; ++i) squares += std::pow(x[i * p + j] - sum / static_cast<double>(n), 2);
    for (std::size_t i = 0; i < n; ++i)
      x[i * p + j] = (x[i * p + j] - sum / static_cast<double>(n)) / std::sqrt(squares / static_cast<double>(n));
  }
}

}  // namespace

TEST_CASE("Predictor: each hands on its options: penalty, seed, inner folds and its own") {
  const Made m = linear(60, 4, 8), other = linear(30, 4, 8, 2);
  const auto fits = [&]<PredictorType P>(const P& predictor) {
    CAPTURE(P::name);
    PredictorOptions options{.name = P::name, .shared = predictor.shared};
    options.own.of<P>() = predictor.own;
    // The rows by age, as fit_predictor takes them: sums have the same order then.
    const SubjectRows rows = fold_rows(m.features(), m.ages, predictor.shared.inner_folds, predictor.shared.seed).all;
    const double penalty = *predictor.shared.penalty;
    CHECK(predictions(options, m, other) ==
          predictor.fit(rows.rows(), rows.ages, std::span(&penalty, 1)).at(0).predict(other.features()));
  };
  AllPredictors::for_each([&]<PredictorType P>() {
    for (const double penalty : {0.02, 0.5}) fits(P{{.penalty = penalty}});
    fits(P{{.penalty = 0.02, .seed = 7}});
    fits(P{{.penalty = 0.02, .inner_folds = InnerFolds::contiguous}});
  });
  fits(HuberPredictor{{.penalty = 0.02}, {.huber_delta = 20}});
  const auto with = [&](const PredictorOptions& options) { return predictions(options, m, other); };
  for (const std::string& name : predictor_names()) {
    CAPTURE(name);
    CHECK(with({.name = name, .shared = {.penalty = 0.02}}) != with({.name = name, .shared = {.penalty = 0.5}}));
  }
}

TEST_CASE("Predictor: every one chooses its penalty by the mean R² over the same folds") {
  const Made m = linear(60, 20, 12);
  for (const std::string& name : predictor_names()) {
    CAPTURE(name);
    const PredictorOptions options{.name = name};
    const PenaltySearch search = search_penalty(options, m.features(), m.ages);
    REQUIRE(search.penalties.size() == 5);
    const FoldedRows rows = fold_rows(m.features(), m.ages, InnerFolds::stratified, 0);
    for (std::size_t a = 0; a < 5; ++a) {
      double sum = 0;
      for (Index k = 0; k < inner_fold_count; ++k) {
        const SubjectRows others = rows.outside(k), inside = rows.inside(k);
        PredictorOptions fixed = options;
        fixed.shared.penalty = search.penalties[a];
        sum += r_squared(inside.ages, fit_predictor(fixed, others.rows(), others.ages).predict(inside.rows()));
      }
      CHECK(search.mean_r2[a] == doctest::Approx(sum / 5).epsilon(1e-3));  // trained ones: see the stopping rule
    }
    const auto best = std::ranges::max_element(search.mean_r2) - search.mean_r2.begin();
    CHECK(search.best == search.penalties[static_cast<std::size_t>(best)]);
    CHECK(search.predictor.penalty == search.best);
    CHECK(fit_predictor(options, m.features(), m.ages).penalty == search.best);
  }
}

TEST_CASE("Predictor: nothing depends on the order of the rows, with contiguous folds everything does") {
  Made m = linear(43, 6, 15), turned = m;
  for (std::size_t i = 20; i < 30; ++i) turned.ages[i] = m.ages[i] = 50;  // equal ages
  std::vector<Index> order(43);
  for (std::size_t i = 0; i < 43; ++i) order[i] = static_cast<Index>((i * 17 + 5) % 43);
  const Made before = turned;
  for (std::size_t i = 0; i < 43; ++i) {
    const auto from = static_cast<std::size_t>(order[i]);
    turned.ages[i] = before.ages[from];
    std::copy_n(before.x.begin() + static_cast<std::ptrdiff_t>(from * 6), 6,
                turned.x.begin() + static_cast<std::ptrdiff_t>(i * 6));
  }
  const Made other = linear(10, 6, 5, 3);
  for (const std::string& name : predictor_names()) {
    CAPTURE(name);
    PredictorOptions options{.name = name};
    if (name != "ridge") options.shared.penalty = 0.01;  // a search takes long
    const AgePredictor first = fit_predictor(options, m.features(), m.ages),
                       second = fit_predictor(options, turned.features(), turned.ages);
    CHECK(first.predict(other.features()) == second.predict(other.features()));
    CHECK(first.penalty == second.penalty);
    const auto left_out = predict_left_out(options, first, m.features(), m.ages),
               left_out_turned = predict_left_out(options, second, turned.features(), turned.ages);
    for (std::size_t i = 0; i < 43; ++i) CHECK(left_out_turned[i] == left_out[static_cast<std::size_t>(order[i])]);
  }
  const PredictorOptions contiguous{.name = "ridge", .shared = {.inner_folds = InnerFolds::contiguous}};
  CHECK(search_penalty(contiguous, m.features(), m.ages).mean_r2 !=
        search_penalty(contiguous, turned.features(), turned.ages).mean_r2);
}

TEST_CASE(
    "Predictor: the seed draws the inner folds, and left-out ages are predicted with the penalty that was chosen") {
  const Made m = linear(40, 3, 8);
  const auto seeded = [](std::uint64_t seed) {
    PredictorOptions options{.name = "ridge"};
    options.shared.seed = seed;
    return options;
  };
  CHECK(search_penalty(seeded(1), m.features(), m.ages).mean_r2 !=
        search_penalty(seeded(2), m.features(), m.ages).mean_r2);
  const AgePredictor chosen = fit_predictor(seeded(1), m.features(), m.ages);
  const auto left_out = [&](std::uint64_t seed, double penalty) {
    AgePredictor predictor = chosen;
    predictor.penalty = penalty;
    return predict_left_out(seeded(seed), predictor, m.features(), m.ages);
  };
  CHECK(left_out(1, chosen.penalty) != left_out(2, chosen.penalty));
  CHECK(left_out(1, chosen.penalty) != left_out(1, 1e12));
  const std::vector<double> means = left_out(1, 1e12);  // such a penalty leaves only the mean age of the other folds
  std::set<long> different;
  for (const double age : means) different.insert(std::lround(1000 * age));
  CHECK(different.size() == inner_fold_count);
}

TEST_CASE("Predictor: a penalty means the same for every small delta of Huber's loss") {
  const Made m = linear(60, 4, 8);
  const auto small = predictions(HuberPredictor{{.penalty = 0.3}, {.huber_delta = 0.01}}, m, m),
             smaller = predictions(HuberPredictor{{.penalty = 0.3}, {.huber_delta = 0.001}}, m, m),
             l1 = predictions(L1Predictor{{.penalty = 0.3}}, m, m);
  CHECK(largest_difference(small, l1) < 0.1);  // years
  CHECK(largest_difference(smaller, l1) < 0.1);
}

TEST_CASE("Predictor: a warning names a penalty at the end of those that were tried") {
  const auto with = [](double penalty) {
    AgePredictor predictor;
    predictor.penalty = penalty;
    return predictor;
  };
  CHECK(penalty_warning({}, with(0.01)).find("the smallest") != std::string::npos);
  CHECK(penalty_warning({.name = "l1"}, with(1)).find("l1 chose the penalty 1, the largest") == 0);
  CHECK(penalty_warning({}, with(1)).empty());
  CHECK(penalty_warning({.shared = {.penalty = 0.01}}, with(0.01)).empty());  // it was not chosen
}

TEST_CASE("Predictor: its gradient is the change of the predicted age") {
  const Made m = linear(60, 3, 5);
  for (const std::string& name : predictor_names()) {
    CAPTURE(name);
    const AgePredictor predictor = fit_predictor({.name = name}, m.features(), m.ages);
    std::vector<double> x = {0.3, -0.2, 0.5};
    const std::vector<double> gradient = predictor.gradient(x);
    for (std::size_t i = 0; i < 3; ++i) {
      constexpr double step = 1e-5;
      std::vector<double> below = x, above = x;
      below[i] -= step;
      above[i] += step;
      const double change = predictor.predict({above, 1, 3})[0] - predictor.predict({below, 1, 3})[0];
      CHECK(gradient[i] == doctest::Approx(change / (2 * step)).epsilon(1e-6));
    }
  }
}

TEST_CASE("Predictor: L1 on groups predicts each group's weighted median") {
  // Two groups by one feature; repeated ages are weights. Medians: 30 of seven weights, 60 of nine.
  Made m{16, 1, {}, {20, 30, 30, 30, 31, 90, 95, 10, 15, 60, 60, 60, 61, 62, 63, 12}};
  for (Index i = 0; i < 16; ++i) m.x.push_back(i < 7 ? 3.0 : -2.0);
  const auto p = predictions(L1Predictor{{.penalty = 0}}, m, m);
  // The slowest learning rate moves a prediction by some 1e-5 of the ages' spread a step.
  for (std::size_t i = 0; i < 16; ++i) CHECK(p[i] == doctest::Approx(i < 7 ? 30 : 60).epsilon(1e-3));
}

TEST_CASE("Predictor: Huber with a large delta is least squares, and with a penalty ridge regression") {
  const Made m = linear(60, 4, 5), other = linear(30, 4, 5, 2);
  const RidgePredictor squares{{.penalty = 1e-9}};
  const auto huber = predictions(HuberPredictor{{.penalty = 0}, {.huber_delta = 1e6}}, m, other);
  CHECK(largest_difference(huber, predictions(squares, m, other)) < 0.05);  // years: see the stopping rule
  Made standard = m;
  standardise(standard.x, 4);
  const double penalty = 0.3;
  const RidgePredictor ridge{{.penalty = penalty * 60}};
  const auto penalised = predictions(HuberPredictor{{.penalty = penalty}, {.huber_delta = 1e6}}, m, m);
  CHECK(largest_difference(penalised, predictions(ridge, standard, standard)) < 0.05);
  CHECK(largest_difference(penalised, predictions(squares, m, m)) > 1);  // the penalty is felt
}

TEST_CASE("Predictor: L1 and Huber are robust where a tenth of the ages are far off, ridge is not") {
  Made m = linear(100, 3, 0.2);
  const Made clean = linear(100, 3, 0, 3);
  for (std::size_t i = 0; i < 100; i += 10) m.ages[i] += 150;
  const double ridge = mean_absolute_error(clean.ages, predictions(RidgePredictor(), m, clean));
  CHECK(ridge > 10);
  CHECK(mean_absolute_error(clean.ages, predictions(L1Predictor{{.penalty = 0}}, m, clean)) < 0.5);
  CHECK(mean_absolute_error(clean.ages, predictions(HuberPredictor{{.penalty = 0}}, m, clean)) < 0.5);
}

TEST_CASE(
    "Predictor: DEX without features predicts the mean of the whole years, as their shares are its probabilities") {
  Made m{20, 1, std::vector<double>(20, 7.0), {}};
  for (int i = 0; i < 20; ++i) m.ages.push_back(i < 5 ? 20.2 : i < 15 ? 29.6 : 41);
  const auto p = predictions(DexPredictor{{.penalty = 0}}, m, m);
  for (const double age : p) CHECK(age == doctest::Approx((5 * 20 + 10 * 30 + 5 * 41) / 20.0).epsilon(2e-3));
}

TEST_CASE("Predictor: DEX fits its training ages on average, whatever the penalty, and stays between their ends") {
  const Made m = linear(80, 5, 3);
  std::vector<double> years;
  for (const double age : m.ages) years.push_back(std::round(age));
  const auto [youngest, oldest] = std::minmax_element(years.begin(), years.end());
  for (const double penalty : {1e-3, 0.1}) {
    const auto p = predictions(DexPredictor{{.penalty = penalty}}, m, m);
    CHECK(mean(p) == doctest::Approx(mean(years)).epsilon(5e-3));  // the bias, which has no penalty, sees to it
    for (const double age : p) CHECK((age >= *youngest && age <= *oldest));
  }
}

TEST_CASE("Predictor: each recovers ages that follow from the features") {
  const Made m = linear(200, 3, 0.5), other = linear(50, 3, 0.5, 4);
  const double without = baseline(m.ages, other.ages).mae;
  for (const std::string& name : predictor_names()) {
    CAPTURE(name);
    CHECK(mean_absolute_error(other.ages, predictions(PredictorOptions{.name = name}, m, other)) < without / 2);
  }
  CHECK(mean_absolute_error(other.ages, predictions(RidgePredictor(), m, other)) < 0.6);
  CHECK(mean_absolute_error(other.ages, predictions(L1Predictor(), m, other)) < 0.6);
  CHECK(mean_absolute_error(other.ages, predictions(HuberPredictor(), m, other)) < 0.6);
}

TEST_CASE("Predictor: a seed repeats itself to the bit, another ends at the same minimum") {
  const Made m = linear(60, 4, 3);
  for (const std::string& name : trained()) {
    PredictorOptions options{.name = name, .shared = {.penalty = 0.01, .seed = 5}};
    const auto first = predictions(options, m, m);
    CHECK(predictions(options, m, m) == first);
    options.shared.seed = 6;
    CHECK(largest_difference(predictions(options, m, m), first) < 0.2);  // years: flat around the minimum
  }
}

TEST_CASE("Predictor: neither the features' units nor constant features matter to trained ones") {
  const Made m = linear(60, 2, 3);
  Made other = m;
  other.columns = 3;
  other.x.clear();
  for (std::size_t i = 0; i < 60; ++i)
    other.x.insert(other.x.end(), {1000 * m.x[2 * i] + 7, 0.123, -m.x[2 * i + 1] / 1000});
  for (const std::string& name : trained()) {
    const PredictorOptions options{.name = name, .shared = {.penalty = 0.01}};
    CHECK(largest_difference(predictions(options, other, other), predictions(options, m, m)) < 0.2);
  }
}

TEST_CASE("Predictor: where all ages are equal that age is predicted") {
  Made m = linear(20, 2, 1);
  std::fill(m.ages.begin(), m.ages.end(), 33.0);
  for (const std::string& name : predictor_names())
    for (const double age : predictions(PredictorOptions{.name = name}, m, m))
      CHECK(age == doctest::Approx(33).epsilon(1e-3));
}

TEST_CASE("Predictor: more features than subjects are no obstacle") {
  const Made m = linear(30, 50, 1);
  for (const std::string& name : predictor_names())
    for (const double age : predictions(PredictorOptions{.name = name}, m, m)) CHECK(std::isfinite(age));
}

TEST_CASE("Predictor: sizes that disagree and numbers that are not finite are refused") {
  Made m = linear(20, 2, 1);
  for (const std::string& name : predictor_names()) {
    CAPTURE(name);
    const PredictorOptions options{.name = name};
    const auto predictor = fit_predictor(options, m.features(), m.ages);
    check_fails([&] { predictor.predict({m.x, 40, 1}); }, ErrorKind::data, {"1 features", "fitted on 2"});
    check_fails([&] { fit_predictor(options, {m.x, 20, 3}, m.ages); }, ErrorKind::data, {"40 values", "20 rows of 3"});
    const std::span<const double> x = m.x, ages = m.ages;
    check_fails(
        [&] {
          fit_predictor(options, {x.first(18), 9, 2}, ages.first(9));
        },
        ErrorKind::data, {"9 subjects", "10"});
    std::vector<double> bad = m.x;
    bad[7] = std::numeric_limits<double>::quiet_NaN();
    check_fails([&] { fit_predictor(options, {bad, 20, 2}, m.ages); }, ErrorKind::numbers, {"NaN"});
  }
}

TEST_CASE("Predictor: an unknown name is refused with the names there are, and no two have an option of one name") {
  const Made m = linear(20, 2, 1);
  check_fails([&] { fit_predictor({.name = "lasso"}, m.features(), m.ages); }, ErrorKind::usage,
              {"lasso", "ridge, l1, huber, dex"});
  std::set<std::string> keys;
  for (const auto& f : predictor_fields()) CHECK_MESSAGE(keys.insert(f.key).second, "twice: " << f.key);
}
