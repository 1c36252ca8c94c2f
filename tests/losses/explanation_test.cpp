// SPDX-License-Identifier: Apache-2.0
#include "losses/explanation.h"

#include <doctest/doctest.h>

#include <functional>

#include "tests/losses/checks.h"

using namespace cg;
using namespace cg::test;

namespace {

std::vector<double> numbers(const Array& a) { return {a.data(), a.data() + a.size()}; }

/// −(pulled + pushed), which must be the gradient.
std::vector<double> against_the_forces(const Explanation& e) { return numbers(-(e.pulled + e.pushed)); }

using Check = std::function<void(const LossOptions&, const LossInput&, const Explanation&)>;

/// Checks `what` for some settings, on twelve rows.
void for_explanations(const std::vector<LossOptions>& settings, const Check& what) {
  Batch b = random_batch(3, 6, 2, 4);
  b.neighbours = 5;
  for (const LossOptions& options : settings) {
    CAPTURE(describe(options));
    what(options, b.input(), make_loss(options)->explain(b.input()));
  }
}

/// Checks `what` for every loss and all of its settings, on twelve rows.
void for_every_explanation(const Check& what) { for_explanations(every_setting_of_all(), what); }

}  // namespace

TEST_CASE("Explanation: the result in it is that of the loss") {
  for_every_explanation([](const LossOptions& options, const LossInput& in, const Explanation& e) {
    const LossResult want = make_loss(options)->evaluate(in);
    CHECK(e.result.value == want.value);
    CHECK(e.result.rows == want.rows);
    CHECK(e.result.gradient == want.gradient);
  });
}

TEST_CASE("Explanation: pulls and pushes of an anchor add up to its row of the value") {
  for_every_explanation([](const LossOptions&, const LossInput& in, const Explanation& e) {
    std::vector<double> rows;
    double largest = 0;
    for (Index i = 0; i < in.rows(); ++i) {
      rows.push_back(e.attraction(i) + e.repulsion(i));
      largest = std::max(largest, std::abs(e.attraction(i)));
    }
    // A sum of two terms of opposite sign that may both be larger than the row.
    for (std::size_t i = 0; i < rows.size(); ++i)
      CHECK(std::abs(rows[i] - e.result.rows[i]) <= 1e-12 * (largest + std::abs(rows[i])));
  });
}

TEST_CASE("Explanation: the forces of pull and push add up to −dL/dz") {
  for_every_explanation([](const LossOptions&, const LossInput&, const Explanation& e) {
    CHECK(relative_difference(against_the_forces(e), e.result.gradient) < 1e-11);  // where both are larger than the sum
  });
}

TEST_CASE("Explanation: no strength is negative, and no row pulls or pushes itself") {
  for_every_explanation([](const LossOptions&, const LossInput&, const Explanation& e) {
    CHECK(e.pull.minCoeff() >= 0);
    // gaussian weights may exceed 1, where 1 − w turns a push round; sigma = 2 is not such a case
    CHECK(e.push.minCoeff() >= -1e-14 * e.pull.maxCoeff());
    if (e.q.size() == 0) CHECK((e.pull.matrix().diagonal().array() == 0).all());
  });
}

TEST_CASE_TEMPLATE("Explanation: a push that is a softmax is as strong as the pull", L, Nnclr, RankNContrast, SimClr,
                   SupCon, Threshold, YAware) {
  for_explanations(every_setting<L>(), [](const LossOptions&, const LossInput&, const Explanation& e) {
    for (Index i = 0; i < e.pull.rows(); ++i)
      CHECK(e.push.row(i).sum() == doctest::Approx(e.pull.row(i).sum()).epsilon(1e-10));
  });
}

TEST_CASE_TEMPLATE("Explanation: a push with the factor 1 − w is weaker than the pull", L, DynLocRep, Exponential) {
  for_explanations(every_setting<L>(), [](const LossOptions&, const LossInput&, const Explanation& e) {
    for (Index i = 0; i < e.pull.rows(); ++i) CHECK(e.push.row(i).sum() <= e.pull.row(i).sum() * (1 + 1e-12));
  });
}

TEST_CASE_TEMPLATE("Explanation: s, w, ν and c, put into the formula, give its log Σ", L, DynLocRep, Exponential,
                   SimClr, SupCon, Threshold, YAware) {
  constexpr bool less_if_alike = std::same_as<L, DynLocRep> || std::same_as<L, Exponential>;
  int checked = 0;
  for_explanations(every_setting<L>(), [&](const LossOptions& options, const LossInput&, const Explanation& e) {
    // As printed, the weighted losses but dynlocrep have a sum of its own for each k.
    if (Weighs<L> && !Selects<L> && !options.shared.published()) return;
    for (Index i = 0; i < e.s.rows(); ++i) {
      double sum = 0;
      for (Index t = 0; t < e.s.rows(); ++t) {
        if (t == i) continue;
        const double u = less_if_alike ? e.s(i, t) * (1 - e.w(i, t)) : e.s(i, t);
        sum += (e.nu.size() > 0 ? e.nu(i, t) : 1) * (e.c.size() > 0 ? e.c(i, t) : 1) * std::exp(u);
      }
      for (Index k = 0; k < e.s.rows(); ++k)
        if (e.pull(i, k) > 0) {
          CHECK(e.denominator(i, k) == doctest::Approx(std::log(sum)).epsilon(1e-12));
          ++checked;
        }
    }
  });
  CHECK(checked > 20);
}

TEST_CASE_TEMPLATE(
    "Explanation: the row maximum is taken from s where the formula says so, its own entry of the row the largest", L,
    DynLocRep, Exponential) {
  Batch b = random_batch(3, 6, 2, 4);
  b.neighbours = 5;
  for (const Formulation f : {Formulation::printed, Formulation::published}) {
    const bool published = f == Formulation::published;
    const Explanation e = make_loss<L>({.formulation = f})->explain(b.input());
    REQUIRE(e.shift.size() == (published ? 12 : 0));
    for (Index i = 0; i < 12; ++i) {
      CHECK(e.s(i, i) == doctest::Approx(published ? 0 : 10));  // rows of length 1, τ = 0.1
      if (published) CHECK(e.shift[i] == doctest::Approx(10));
    }
  }
}

TEST_CASE("Explanation: what stands for the anchors of NNCLR is a row of the queue") {
  const Batch b = random_batch(3, 6, 2, 4);
  const Explanation e = make_loss<Nnclr>()->explain(b.input());
  const Eigen::Map<const Array> queue(b.queue.data(), 7, 4);
  for (Index i = 0; i < 12; ++i) {
    int same = 0;
    for (Index row = 0; row < 7; ++row) same += (queue.row(row) == e.q.row(i)).all();
    CHECK(same == 1);
  }
  CHECK(make_loss<SimClr>()->explain(b.input()).q.size() == 0);
}

TEST_CASE("Explanation: weights, ν and c are there where a loss has them") {
  const Batch b = random_batch(3, 6, 2, 4);
  AllLosses::for_each([&]<LossType L>() {
    CAPTURE(L::name);
    const Explanation e = make_loss<L>()->explain(b.input());
    CHECK((e.w.size() == 144) == Weighs<L>);
    CHECK((e.nu.size() == 144) == Selects<L>);
    CHECK((e.c.size() == 144) == Counts<L>);
    CHECK(e.distance.rows() == 12);
    CHECK(loss_info(L::name).weighs == Weighs<L>);
    CHECK(loss_info(L::name).selects == Selects<L>);
  });
  LossInput in = b.input();
  in.neighbours = 4;
  const Explanation e = make_loss<DynLocRep>({}, {.final_neighbours = 2, .far_decay = 1})->explain(in);
  for (Index i = 0; i < 12; ++i) CHECK((e.nu.row(i) == 1).count() == 3);
  CHECK(e.nu.matrix().diagonal().isZero());
}

TEST_CASE("Explanation: the numbers of SimCLR with two subjects, by hand") {
  // SimCLR with two subjects: s of the pair is 1/τ · cos, and each anchor pushes the three others by its softmax.
  const std::vector<double> z = {1, 0, 0, 1, 0.8, 0.6, -0.6, 0.8}, ages = {30, 60, 30, 60};
  const LossInput in{.z = z, .ages = ages};
  const Explanation e = make_loss<SimClr>({.temperature = 1})->explain(in);
  const double sum = std::exp(0.0) + std::exp(0.8) + std::exp(-0.6);  // anchor 0
  CHECK(e.s(0, 2) == doctest::Approx(0.8));
  CHECK(e.pull(0, 2) == 0.25);
  CHECK(e.push(0, 1) == doctest::Approx(0.25 * std::exp(0.0) / sum));
  CHECK(e.push(0, 3) == doctest::Approx(0.25 * std::exp(-0.6) / sum));
  CHECK(e.denominator(0, 2) == doctest::Approx(std::log(sum)));
  CHECK(e.attraction(0) == doctest::Approx(-0.25 * 0.8));
}

TEST_CASE("Explanation: a force that is left out, or of the wrong sign, is noticed") {
  Batch b = random_batch(3, 6, 2, 4);
  b.neighbours = 5;
  for (const std::string& name : loss_names()) {
    CAPTURE(name);
    const Explanation good = make_loss({.name = name})->explain(b.input());
    Explanation e = good;
    e.pushed.row(2).setZero();
    CHECK(relative_difference(against_the_forces(e), e.result.gradient) > 1e-3);
    e = good;
    e.pulled = -e.pulled;
    CHECK(relative_difference(against_the_forces(e), e.result.gradient) > 1e-3);
  }
}
