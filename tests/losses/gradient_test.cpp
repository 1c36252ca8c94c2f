// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdio>

#include "tests/losses/checks.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Six subjects with two views, five of twelve rows near (the anchor counted).
Batch small_batch(std::uint64_t seed, double apart = 20) {
  Batch b = random_batch(seed, 6, 2, 5, apart);
  b.neighbours = 5;
  return b;
}

}  // namespace

TEST_CASE("Losses: the gradient written by hand is that of dual numbers") {
  AllLosses::for_each([]<LossType L>() {
    for (const LossOptions& options : every_setting<L>()) {
      const std::string setting = describe(options);
      CAPTURE(setting);
      const L loss = loss_of<L>(options);
      for (const auto& [seed, apart] : {std::pair<std::uint64_t, double>{1, 0}, {2, 0}, {2, 20}}) {
        const Batch b = small_batch(seed, apart);
        const auto hand = hand_gradient(loss, b.input());
        CHECK(relative_difference(hand, dual_gradient(loss, b.input())) < 1e-12);  // sums of 12 terms in double
        CHECK(make_loss(options)->evaluate(b.input()).gradient == hand);           // the registry's is this one
      }
    }
  });
}

TEST_CASE("Losses: where nothing is held constant the gradient is that of finite differences") {
  AllLosses::for_each([]<LossType L>() {
    for (const LossOptions& options : every_setting<L>()) {
      if (Shifts<L> && options.shared.published()) continue;
      const std::string setting = describe(options);
      CAPTURE(setting);
      const L loss = loss_of<L>(options);
      for (const double apart : {0, 20}) {
        const Batch b = small_batch(3, apart);
        CHECK(relative_l2(hand_gradient(loss, b.input()), difference_gradient(loss, b.input())) < 1e-6);
      }
    }
  });
}

TEST_CASE_TEMPLATE("Losses: the published formulation holds the row maximum constant, so differences disagree", L,
                   DynLocRep, Exponential) {
  const L loss{{.formulation = Formulation::published}};
  const Batch b = small_batch(4);
  const double off = relative_l2(hand_gradient(loss, b.input()), difference_gradient(loss, b.input()));
  std::printf("%s, published: finite differences are off by %.2g of the gradient, dual numbers by %.1g\n", L::name, off,
              relative_l2(hand_gradient(loss, b.input()), dual_gradient(loss, b.input())));
  CHECK(off > 1e-2);
}

TEST_CASE("Losses: hand and dual gradients agree where the similarities lie 1e4 apart") {
  AllLosses::for_each([]<LossType L>() {
    for (const auto formulation : {Formulation::printed, Formulation::published}) {
      const std::string name = L::name;
      CAPTURE(name);
      const L loss{{.formulation = formulation}};
      Batch b = small_batch(5);
      const bool distances = std::same_as<decltype(loss.similarity(b.input())), NegativeDistance>;
      const double length = distances ? 1e4 : std::sqrt(1e3);  // ‖z − z'‖/τ or z·z/τ ~ 1e4
      for (auto* rows : {&b.z, &b.predictions, &b.queue})
        for (double& x : *rows) x *= length;
      CHECK(relative_difference(hand_gradient(loss, b.input()), dual_gradient(loss, b.input())) <
            1e-10);  // exp(u) at u ~ 1e4
    }
  });
}

TEST_CASE("Rank-N-Contrast: equal rows have no direction between them, and no gradient") {
  const RankNContrast loss{{.temperature = 2}};
  Batch b = small_batch(6);
  std::copy_n(b.row(0), b.dims(), b.row(6));  // the views of a subject
  CHECK(relative_difference(hand_gradient(loss, b.input()), dual_gradient(loss, b.input())) < 1e-12);
  for (Index i = 1; i < b.rows(); ++i) std::copy_n(b.row(0), b.dims(), b.row(i));
  const auto hand = hand_gradient(loss, b.input());
  CHECK(*std::max_element(hand.begin(), hand.end()) == 0);
  CHECK(*std::min_element(hand.begin(), hand.end()) == 0);
  std::printf("rank_n_contrast, all rows equal: value %.3f, largest entry of the gradient %g\n",
              make_loss<RankNContrast>(loss.shared)->evaluate(b.input()).value,
              *std::max_element(hand.begin(), hand.end()));
}

TEST_CASE("Dual: derivatives of sums, products, quotients, exp and log") {
  const Dual x(0.7, 1);
  CHECK((x + x * x).d == doctest::Approx(1 + 2 * 0.7));
  CHECK((1 / x).d == doctest::Approx(-1 / 0.49));
  CHECK((x / (x + 1)).d == doctest::Approx(1 / (1.7 * 1.7)));
  CHECK(exp(x).d == doctest::Approx(std::exp(0.7)));
  CHECK(log(x).d == doctest::Approx(1 / 0.7));
  CHECK(sqrt(x).d == doctest::Approx(0.5 / std::sqrt(0.7)));
  CHECK((x - Dual(detach(x))).d == 1);  // a constant has no derivative
}

TEST_CASE("Log-sum-exp without each: as summed one by one, though one term hides all others") {
  Row u(4);
  u << 1000, 1, 2, left_out;
  const Row out = log_sum_exp_without_each(u);
  const double all = log_sum_exp<double>(u);
  std::printf("log-sum-exp of 1 and 2, from that of 1000, 1 and 2: by subtraction %g, by prefixes and suffixes %.4f\n",
              all + std::log1p(-std::exp(u[0] - all)), out[0]);
  CHECK(out[0] == doctest::Approx(std::log(std::exp(1) + std::exp(2))));
  CHECK(out[1] == 1000);
  Row a(4);
  a << 0.5, 0.25, 0.25, 0;
  const Row g = softmax_without_each(u, a);
  CHECK(g[0] == doctest::Approx(0.5));
  CHECK(g[1] == doctest::Approx(0.5 / (1 + std::exp(1))));
  CHECK(g[3] == 0);
}

TEST_CASE("Log-sum-exp of prefixes: as summed one by one, up and down by more than exp can hold") {
  Row u(5);
  u << -1000, 1, 2, 1000, 3;
  const Row out = log_sum_exp_of_prefixes(u);
  CHECK(out[0] == -1000);
  CHECK(out[1] == 1);
  CHECK(out[2] == doctest::Approx(std::log(std::exp(1) + std::exp(2))));
  CHECK(out[3] == 1000);
  CHECK(out[4] == 1000);
}
