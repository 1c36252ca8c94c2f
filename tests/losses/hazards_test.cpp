// SPDX-License-Identifier: Apache-2.0
// The hazards of docs/losses.md. Run the program to see the figures that the page has from it.
#include <doctest/doctest.h>

#include <cstdio>

#include "tensor/error.h"
#include "tests/losses/checks.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

const Formulation both[] = {Formulation::printed, Formulation::published};

/// Those whose pull comes from the ages' weights.
std::vector<LossOptions> every_weighted_loss() {
  std::vector<LossOptions> all = every_loss();
  std::erase_if(all, [](const LossOptions& o) { return !loss_info(o.name).weighs; });
  return all;
}

/// Divides by the weights of those who are far, and so has no value where they are too small.
bool is_threshold_as_printed(const LossOptions& o) { return o.name == Threshold::name && !o.shared.published(); }

bool finite(const LossResult& r) {
  return std::isfinite(r.value) &&
         std::all_of(r.gradient.begin(), r.gradient.end(), [](double x) { return std::isfinite(x); });
}

/// Batches that are hard to evaluate, by name: of `batch` subjects in `views`.
std::vector<std::pair<std::string, Batch>> hard_batches(Index batch, Index views) {
  const Batch usual = random_batch(2, batch, views, 4);
  std::vector<std::pair<std::string, Batch>> out = {{"nothing special", usual}};
  const auto add = [&](const std::string& name, const auto& change) {
    out.emplace_back(name, usual);
    change(out.back().second);
    out.back().second.predictions = out.back().second.z;
  };
  const auto ages_apart = [&](double years) {
    return [&, years](Batch& b) {
      for (Index i = 0; i < b.rows(); ++i) b.ages[static_cast<std::size_t>(i)] = years * static_cast<double>(i % batch);
    };
  };
  const auto same_rows = [](Batch& b) {
    for (Index i = 1; i < b.rows(); ++i) std::copy_n(b.row(0), b.dims(), b.row(i));
  };
  const auto large = [](Batch& b) {  // z·z/τ = 1e4
    for (auto* rows : {&b.z, &b.queue})
      for (double& x : *rows) x *= std::sqrt(1e3);
  };
  add("equal ages", ages_apart(0));
  add("ages far from all others", ages_apart(1000));
  add("weights that nearly underflow", ages_apart(76.9));  // exp(-76.9²/8) ~ 1e-321
  add("identical rows", same_rows);
  add("a row of zeros", [](Batch& b) { std::fill_n(b.row(b.rows() - 1), b.dims(), 0.0); });
  add("nothing but zeros", [](Batch& b) { std::fill(b.z.begin(), b.z.end(), 0.0); });
  add("similarities of 1e4", [&](Batch& b) {
    same_rows(b);
    large(b);
  });
  add("similarities of 1e9, distances of 1e4", [](Batch& b) {
    for (auto* rows : {&b.z, &b.queue})
      for (double& x : *rows) x *= 1e4;
  });
  add("similarities of ±1e4", [&](Batch& b) {
    large(b);
    for (Index i = 0; i < b.rows() / 2; ++i)
      for (Index k = 0; k < b.dims(); ++k) b.row(i)[k] = -b.row(b.rows() / 2 + i)[k];
  });
  return out;
}

/// Whether a batch has no row to repel for a loss, or none that it pulls to.
bool too_few(const LossOptions& o, const Batch& b) {
  const bool leaves_out_k = !o.shared.published() && (o.name == YAware::name || o.name == Exponential::name);
  return b.views < loss_info(o.name).least_views || (leaves_out_k && b.rows() < 3);
}

}  // namespace

TEST_CASE("Losses: an anchor whose weights all underflow adds 0 and is counted") {
  for (const LossOptions& options : every_weighted_loss()) {
    CAPTURE(describe(options));
    if (is_threshold_as_printed(options)) continue;
    Batch b = random_batch(1, 5, 1, 4);
    b.ages[2] = 150;  // w by loss.kernel and loss.sigma: exp(-94²/8) is 0 in double
    b.neighbours = 4;
    const LossResult r = make_loss(options)->evaluate(b.input());
    CHECK(finite(r));
    CHECK(r.metrics.anchors_without_weight == 1);
    CHECK(r.rows[2] == 0);
  }
}

TEST_CASE("Losses: where no two ages are near, value and gradient are 0") {
  auto losses = every_weighted_loss();
  losses.push_back({.name = SupCon::name});
  for (const LossOptions& options : losses) {
    CAPTURE(describe(options));
    Batch b = random_batch(1, 4, 1, 4);
    b.ages = {0, 1000, 2000, 3000};
    b.neighbours = 3;
    const LossResult r = make_loss(options)->evaluate(b.input());
    CHECK(r.value == 0);
    CHECK(r.metrics.anchors_without_weight == 4);
    CHECK(*std::max_element(r.gradient.begin(), r.gradient.end()) == 0);
  }
}

TEST_CASE("Losses: weights that have nearly underflowed still give finite numbers") {
  for (const LossOptions& options : every_weighted_loss()) {
    CAPTURE(describe(options));
    if (is_threshold_as_printed(options)) continue;
    Batch b = random_batch(1, 4, 1, 4);
    b.ages = {0, 76.9, 153.8, 230.7};  // exp(-76.9²/8) ~ 1e-321, a number without an inverse
    b.neighbours = 3;
    const LossResult r = make_loss(options)->evaluate(b.input());
    CHECK(finite(r));
    CHECK(r.metrics.anchors_without_weight == 0);
  }
}

TEST_CASE("Threshold as printed: infinite weights are an error, and large ones are refused in training only") {
  const auto loss = make_loss<Threshold>({.formulation = Formulation::printed});
  Batch b = random_batch(1, 5, 1, 4);
  b.ages[2] = 150;  // those of 50 years divide by its weight, which is 0
  check_fails([&] { loss->evaluate(b.input()); }, ErrorKind::numbers,
              {"loss.threshold", "inf", "loss.formulation", "loss.sigma"});
  b.ages = {20, 21, 22, 60, 61};  // exp(-38²/8) ~ 1e-79
  LossInput in = b.input();
  CHECK(finite(loss->evaluate(in)));
  CHECK(std::abs(loss->evaluate(in).value) > 1e70);
  in.training = true;
  check_fails([&] { loss->evaluate(in); }, ErrorKind::usage,
              {"loss.threshold", "1e6", "loss.formulation", "loss.sigma"});
  CHECK(finite(make_loss<Threshold>()->evaluate(in)));
}

TEST_CASE("Threshold: an anchor without a row to repel adds 0 and counts in the mean") {
  // c_it counts the rows that are farther from t than i is. With one age in the middle of two, it is 0 for both ends.
  Batch b = random_batch(1, 3, 1, 4);
  b.ages = {49, 50, 51};
  const LossResult r = make_loss<Threshold>()->evaluate(b.input());
  CHECK(r.rows[0] == 0);
  CHECK(r.rows[1] != 0);
  CHECK(r.rows[2] == 0);
  CHECK(r.metrics.anchors_without_weight == 0);  // each has rows near its age
  // Row 1 alone: c_10 = c_12 = 1, w = e^-1/8 to both.
  const auto s = InnerProduct{}.of<double>(embeddings(b.input()));
  const double lse = std::log(std::exp(s(1, 0)) + std::exp(s(1, 2)));
  CHECK(r.value == doctest::Approx((lse - (s(1, 0) + s(1, 2)) / 2) / 3 * 0.1 / 0.07).epsilon(1e-12));
}

TEST_CASE("Losses: all of one age is no hazard, and then Threshold has none to repel, unlike DynLocRep") {
  Batch b = random_batch(1, 4, 2, 4);
  std::fill(b.ages.begin(), b.ages.end(), 50);
  b.neighbours = 5;
  for (const LossOptions& options : every_setting_of_all()) {
    CAPTURE(describe(options));
    const LossResult r = make_loss(options)->evaluate(b.input());
    CHECK(finite(r));
    if (options.name == Threshold::name) CHECK(r.value == 0);
    if (options.name == DynLocRep::name) CHECK(r.value != 0);
  }
}

TEST_CASE("SupCon: the ages of a bin count as one, and with a bin_width of 0 only equal ages do") {
  Batch b = random_batch(1, 4, 1, 4);
  b.ages = {39.9, 40.1, 49.9, 40.1};
  const auto without_positive = [&](double width) {
    return make_loss<SupCon>({}, {.bin_width = width})->evaluate(b.input()).metrics.anchors_without_weight;
  };
  CHECK(without_positive(10) == 1);
  CHECK(without_positive(50) == 0);
  CHECK(without_positive(0) == 2);
}

TEST_CASE_TEMPLATE("Losses of two views: one has no other to be pulled to, and one subject none to be pushed from", L,
                   SimClr, Nnclr) {
  const auto loss = make_loss<L>();
  check_fails([&] { loss->evaluate(random_batch(1, 4, 1, 4).input()); }, ErrorKind::usage, {"1 view(s)", "expected 2"});
  check_fails([&] { loss->evaluate(random_batch(1, 1, 2, 4).input()); }, ErrorKind::usage,
              {"leave no row to repel", "train.batch_size to at least 2"});
  CHECK(loss_info(L::name).least_views == 2);
}

TEST_CASE("NNCLR: predictions and queue must be there, fit, and be finite") {
  const auto loss = make_loss<Nnclr>();
  const Batch good = random_batch(1, 4, 2, 4);
  Batch b = good;
  b.predictions.pop_back();
  check_fails([&] { loss->evaluate(b.input()); }, ErrorKind::usage,
              {"predictions have 31 numbers, but the embeddings have 32"});
  b = good;
  b.queue.clear();
  check_fails([&] { loss->evaluate(b.input()); }, ErrorKind::usage, {"the queue has 0 numbers", "loss.queue_size"});
  b.queue = {1, 2, 3, 4, 5};
  check_fails([&] { loss->evaluate(b.input()); }, ErrorKind::usage,
              {"the queue has 5 numbers, expected rows of 4 numbers"});
  b = good;
  b.queue[9] = std::nan("");
  check_fails([&] { loss->evaluate(b.input()); }, ErrorKind::numbers, {"queue's entry in row 2"});
  b = good;
  b.predictions[9] = std::nan("");
  check_fails([&] { loss->evaluate(b.input()); }, ErrorKind::numbers, {"prediction in row 2"});
  CHECK(loss->queue_size() == 256);
  CHECK(make_loss<DynLocRep>()->queue_size() == 0);
}

TEST_CASE("NNCLR: of queue rows that are equally near the first is taken") {
  Array z(2, 2), queue(4, 2);
  z << 1, 0, 0, 1;
  queue << -1, 0, 1, 2, 1, 3, 0, 3;
  const Array nearest = nearest_rows(z, queue);
  CHECK(nearest(0, 1) == 2);
  CHECK(nearest(1, 0) == 1);
}

TEST_CASE("DynLocRep: one neighbour with one view is refused, and the error names the setting") {
  Batch b = random_batch(1, 32, 1, 4);
  b.epoch = 50;
  for (const Formulation f : both)
    CHECK_THROWS_WITH_AS(make_loss<DynLocRep>({.formulation = f}, {.final_neighbours = 1})->evaluate(b.input()),
                         doctest::Contains("loss.final_neighbours"), Error);
  b.views = 2;
  CHECK(finite(make_loss<DynLocRep>({}, {.final_neighbours = 1})->evaluate(b.input())));
}

TEST_CASE("DynLocRep: more neighbours than rows are refused") {
  Batch b = random_batch(1, 3, 2, 4);
  b.neighbours = 7;
  CHECK_THROWS_WITH_AS(make_loss<DynLocRep>()->evaluate(b.input()),
                       doctest::Contains("7 neighbours cannot be selected from 6 rows"), Error);
}

TEST_CASE_TEMPLATE("Losses: two rows have none left to repel in the printed formulation of those that leave out k", L,
                   YAware, Exponential) {
  const Batch b = random_batch(1, 2, 1, 4);
  CHECK_THROWS_WITH_AS(make_loss<L>({.formulation = Formulation::printed})->evaluate(b.input()),
                       doctest::Contains("train.batch_size"), Error);
  CHECK(finite(make_loss<L>()->evaluate(b.input())));
  CHECK(finite(make_loss<DynLocRep>({.formulation = Formulation::printed})->evaluate(b.input())));
}

TEST_CASE("Losses: one row alone is refused, two subjects with two views are not") {
  for (const LossOptions& options : every_loss()) {
    CAPTURE(describe(options));
    CHECK_THROWS_WITH_AS(make_loss(options)->evaluate(random_batch(1, 1, 1, 4).input()),
                         doctest::Contains("train.batch_size"), Error);
    CHECK(finite(make_loss(options)->evaluate(random_batch(1, 2, 2, 4).input())));
  }
}

TEST_CASE("Losses: whatever the batch and the setting, numbers are finite, or an error names the loss and a remedy") {
  int evaluated = 0, refused = 0;
  for (const LossOptions& options : every_setting_of_all())
    for (const auto& [batch, views] : {std::pair<Index, Index>{2, 1}, {2, 2}, {3, 2}, {6, 1}})
      for (auto& [hazard, b] : hard_batches(batch, views))
        for (const Index neighbours : {Index{0}, Index{2}, b.rows()}) {
          const std::string setting = describe(options);
          CAPTURE(setting);
          CAPTURE(hazard);
          CAPTURE(b.rows());
          b.neighbours = neighbours;
          try {
            const LossResult r = make_loss(options)->evaluate(b.input());
            CHECK(finite(r));
            CHECK(!too_few(options, b));
            ++evaluated;
          } catch (const Error& error) {
            CHECK(error.where() == "loss." + options.name);
            CHECK(!error.fix().empty());
            const bool divides_by_nothing =
                is_threshold_as_printed(options) &&
                (hazard == "ages far from all others" || hazard == "weights that nearly underflow");
            CHECK((too_few(options, b) || divides_by_nothing));
            ++refused;
          }
        }
  std::printf("settings and batches evaluated: %d, refused with an error that names the loss: %d\n", evaluated,
              refused);
  CHECK(evaluated > 15000);
  CHECK(refused > 100);
}

TEST_CASE("Losses: equal views give equal gradients") {
  for (const LossOptions& options : every_loss()) {
    CAPTURE(describe(options));
    Batch b = random_batch(3, 5, 1, 4);
    b.z.insert(b.z.end(), b.z.begin(), b.z.end());
    b.predictions.insert(b.predictions.end(), b.predictions.begin(), b.predictions.end());
    b.ages.insert(b.ages.end(), b.ages.begin(), b.ages.end());
    b.views = 2;
    b.neighbours = 10;  // with fewer, a tie between two views goes to the first
    const LossResult r = make_loss(options)->evaluate(b.input());
    const std::vector<double> first(r.gradient.begin(), r.gradient.begin() + 20);
    CHECK(relative_difference({r.gradient.begin() + 20, r.gradient.end()}, first) < 1e-12);
  }
}

TEST_CASE("Losses: numbers that are not finite are errors that name the row, and never NaN results") {
  for (const LossOptions& options : every_loss()) {
    CAPTURE(describe(options));
    const auto loss = make_loss(options);
    Batch b = random_batch(4, 4, 2, 4);
    b.row(5)[2] = std::nan("");
    CHECK_THROWS_WITH_AS(loss->evaluate(b.input()), doctest::Contains("row 5"), Error);
    b.row(5)[2] = b.predictions[22] = 1e308;  // z·z, z·q/τ and ‖z − z'‖ overflow
    CHECK_THROWS_WITH_AS(loss->evaluate(b.input()), doctest::Contains("loss.temperature"), Error);
    b.row(5)[2] = 0;
    b.ages[3] = std::numeric_limits<double>::infinity();
    CHECK_THROWS_WITH_AS(loss->evaluate(b.input()), doctest::Contains("age of row 3"), Error);
  }
}

TEST_CASE("Losses: shapes that do not fit are refused") {
  const auto loss = make_loss<DynLocRep>();
  Batch b = random_batch(5, 3, 1, 4);
  b.views = 2;
  CHECK_THROWS_WITH_AS(loss->evaluate(b.input()), doctest::Contains("do not divide into"), Error);
  b.views = 1;
  b.z.pop_back();
  CHECK_THROWS_WITH_AS(loss->evaluate(b.input()), doctest::Contains("one row of embeddings for each age"), Error);
  CHECK_THROWS_AS(loss->evaluate({}), Error);
  b = random_batch(5, 3, 1, 4);
  b.epoch = 0;
  CHECK_THROWS_WITH_AS(loss->evaluate(b.input()), doctest::Contains("from 1"), Error);
}

TEST_CASE("DynLocRep: the printed formulation is unbounded below") {
  // Row 2 shares the age of row 0 and is not among its neighbours: row 0 is pulled to it and never pushed from it.
  // With τ = 0.1 and free embeddings the value falls without end as the two grow.
  const auto value = [](double length, Formulation f) {
    const std::vector<double> z{length, 0, length, 1, 3 * length, 0, length, -1}, ages{40, 80, 40, 80};
    return make_loss<DynLocRep>({.formulation = f})
        ->evaluate({.z = z, .ages = ages, .views = 1, .neighbours = 2})
        .value;
  };
  for (const double length : {1.0, 10.0, 100.0})
    std::printf("dynlocrep, printed, rows of length about %3g: value %.4g\n", length,
                value(length, Formulation::printed));
  CHECK(value(10, Formulation::printed) < -1e3);
  CHECK(value(100, Formulation::printed) < -1e5);
}

TEST_CASE("DynLocRep: more neighbours than subjects, and too few epochs for two steps, are conflicts") {
  const auto conflicts = [](const DynLocRep::Options& own, const LossSchedule& schedule) {
    LossOptions options;
    options.own.of<DynLocRep>() = own;
    return loss_conflicts(options, schedule);
  };
  CHECK(conflicts({.final_neighbours = 8}, {.batch_size = 8, .epochs = 2}).empty());
  const auto neighbours = conflicts({.final_neighbours = 9}, {.batch_size = 8, .epochs = 2});
  REQUIRE(neighbours.size() == 1);
  CHECK(neighbours[0].keys == std::vector<std::string>{"loss.final_neighbours", "train.batch_size"});
  const auto both = conflicts({.final_neighbours = 9, .step_size = 2}, {.batch_size = 8, .epochs = 3});
  REQUIRE(both.size() == 2);
  CHECK(both[1].keys[0] == "loss.step_size");
  CHECK(loss_conflicts({.name = SimClr::name}, {.batch_size = 1, .epochs = 1}).empty());
}
