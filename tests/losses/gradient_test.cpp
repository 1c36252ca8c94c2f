#include <doctest/doctest.h>

#include "tests/losses/checks.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Six subjects with two views, five of twelve rows near (the anchor counted).
Batch small_batch(std::uint64_t seed) {
  Batch b = random_batch(seed, 6, 2, 5);
  b.neighbours = 5;
  return b;
}

}  // namespace

TEST_CASE_TEMPLATE("Losses: the gradient written by hand is that of dual numbers", L, DynLocRep, Exponential, YAware) {
  for (const LossOptions& options : every_setting(L::name)) {
    const std::string setting = describe(options);
    CAPTURE(setting);
    const L loss{options};
    for (const std::uint64_t seed : {1, 2}) {
      const Batch b = small_batch(seed);
      const auto hand = over_inner_products(loss).evaluate(b.input()).gradient;
      const auto dual = dual_gradient(loss, InnerProduct{options.temperature}, b.input());
      CHECK(relative_difference(hand, dual) < 1e-12);  // sums of 12 terms in double
    }
  }
}

TEST_CASE_TEMPLATE("Losses: the paper formulation's gradient is that of finite differences", L, DynLocRep, Exponential,
                   YAware) {
  for (const LossOptions& options : every_setting(L::name)) {
    if (options.formulation != Formulation::paper) continue;
    const std::string setting = describe(options);
    CAPTURE(setting);
    const L loss{options};
    const Batch b = small_batch(3);
    const auto hand = over_inner_products(loss).evaluate(b.input()).gradient;
    CHECK(relative_l2(hand, difference_gradient(loss, InnerProduct{options.temperature}, b.input())) < 1e-6);
  }
}

TEST_CASE_TEMPLATE("Losses: the reference formulation holds the row maximum constant, so differences disagree", L,
                   DynLocRep, Exponential) {
  const L loss{{.name = L::name, .formulation = Formulation::reference}};
  const Batch b = small_batch(4);
  const auto hand = over_inner_products(loss).evaluate(b.input()).gradient;
  CHECK(relative_l2(hand, difference_gradient(loss, InnerProduct{}, b.input())) > 1e-2);
}

TEST_CASE("Y-Aware: without a factor 1 - w nothing is held constant, and differences agree in either formulation") {
  const YAware loss{{.name = YAware::name, .formulation = Formulation::reference}};
  const Batch b = small_batch(4);
  const auto hand = over_inner_products(loss).evaluate(b.input()).gradient;
  CHECK(relative_l2(hand, difference_gradient(loss, InnerProduct{}, b.input())) < 1e-6);
}

TEST_CASE_TEMPLATE("Losses: hand and dual gradients agree where the similarities lie 1e4 apart", L, DynLocRep,
                   Exponential, YAware) {
  for (const auto formulation : {Formulation::paper, Formulation::reference}) {
    const L loss{{.name = L::name, .formulation = formulation}};
    Batch b = small_batch(5);
    for (double& x : b.z) x *= std::sqrt(1e3);  // z·z/τ = 1e4
    const auto hand = over_inner_products(loss).evaluate(b.input()).gradient;
    CHECK(relative_difference(hand, dual_gradient(loss, InnerProduct{}, b.input())) < 1e-10);  // exp(u) at u ~ 1e4
  }
}

TEST_CASE("Dual: derivatives of sums, products, quotients, exp and log") {
  const Dual x(0.7, 1);
  CHECK((x + x * x).d == doctest::Approx(1 + 2 * 0.7));
  CHECK((1 / x).d == doctest::Approx(-1 / 0.49));
  CHECK((x / (x + 1)).d == doctest::Approx(1 / (1.7 * 1.7)));
  CHECK(exp(x).d == doctest::Approx(std::exp(0.7)));
  CHECK(log(x).d == doctest::Approx(1 / 0.7));
  CHECK((x - Dual(number(x))).d == 1);  // a constant has no derivative
}

TEST_CASE("Log-sum-exp without each: as summed one by one, though one term hides all others") {
  Row u(4);
  u << 1000, 1, 2, kLeftOut;
  const Row out = log_sum_exp_without_each(u);
  CHECK(out[0] == doctest::Approx(std::log(std::exp(1) + std::exp(2))));
  CHECK(out[1] == 1000);
  Row a(4);
  a << 0.5, 0.25, 0.25, 0;
  const Row g = softmax_without_each(u, a);
  CHECK(g[0] == doctest::Approx(0.5));
  CHECK(g[1] == doctest::Approx(0.5 / (1 + std::exp(1))));
  CHECK(g[3] == 0);
}
