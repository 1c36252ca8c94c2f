// SPDX-License-Identifier: Apache-2.0
#include "losses/ranking.h"

#include <doctest/doctest.h>

#include <set>

#include "tests/losses/checks.h"
#include "tests/support/property.h"
#include "tools/benchmark/plain_losses.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Ages in whole and half years, so that many are equally far; some beyond the reach of the kernel.
std::vector<double> tied_ages() {
  const auto n = *rc::gen::inRange<std::size_t>(2, 12);
  std::vector<double> ages(n);
  for (double& age : ages) age = 0.5 * *rc::gen::inRange(40, 60) + (*rc::gen::inRange(0, 4) == 0 ? 150 : 0);
  return ages;
}

double apart(const std::vector<double>& ages, Index i, Index t) {
  return std::abs(ages[static_cast<std::size_t>(i)] - ages[static_cast<std::size_t>(t)]);
}

}  // namespace

TEST_CASE("Ranking: all others from the farthest to the nearest, and for each how many are compared with it") {
  property("by definition", [] {
    const std::vector<double> ages = tied_ages();
    const auto n = static_cast<Index>(ages.size());
    const Array closeness = *rc::gen::element(0, 1) ? age_weights(AgeKernel::rbf, 2, ages) : age_closeness(ages);
    const Ranking farther = rank_by_age(ages, closeness, Compared::farther);
    const Ranking as_far = rank_by_age(ages, closeness, Compared::at_least_as_far);
    for (Index i = 0; i < n; ++i) {
      std::set<Index> seen;
      for (Index p = 0; p < n - 1; ++p) {
        const Index k = farther.order(i, p);
        seen.insert(k);
        RC_ASSERT(as_far.order(i, p) == k);
        const Index before = p == 0 ? k : farther.order(i, p - 1);
        RC_ASSERT(apart(ages, i, before) >= apart(ages, i, k));
        Index less = 0, equal = 0;
        for (Index t = 0; t < n; ++t) {
          less += t != i && closeness(i, t) < closeness(i, k);
          equal += t != i && closeness(i, t) == closeness(i, k);
        }
        RC_ASSERT(farther.reach(i, p) == less);
        RC_ASSERT(as_far.reach(i, p) == less + equal);
      }
      RC_ASSERT(static_cast<Index>(seen.size()) == n - 1);
      RC_ASSERT(!seen.contains(i));
    }
  });
}

TEST_CASE_TEMPLATE("Losses: the fast sums have the value of the printed formula's own loops", L, Threshold,
                   RankNContrast, YAware, Exponential) {
  property(L::name, [] {
    const auto settings = every_setting<L>();
    LossOptions options = *rc::gen::elementOf(settings);
    options.shared.sigma = 8;  // the paper's threshold is beyond 10^100 with less
    options.own.of<Threshold>().delta_reduction = DeltaReduction::sum;
    const auto n = *rc::gen::inRange<Index>(3, 12);
    Batch b = random_batch(*rc::gen::inRange<std::uint64_t>(0, 1'000'000), n, 1, 4);
    for (double& age : b.ages) age = std::round(age);  // ties
    const std::optional<double> plain = plain_loops::value(options, b.input());
    if (!plain) return;
    const LossResult fast = make_loss(options)->evaluate(b.input());
    double size = 0;  // of the anchors' parts, of which the value may be a small difference
    for (const double part : fast.rows) size += std::abs(part);
    RC_ASSERT(std::abs(fast.value - *plain) <= 1e-12 * size);
  });
}

TEST_CASE("Threshold: count or share of the comparisons: a constant in the value, nothing in the gradient") {
  const Batch b = random_batch(1, 8, 2, 5);
  const LossResult sum = make_loss<Threshold>()->evaluate(b.input());
  const LossResult mean = make_loss<Threshold>({}, {.delta_reduction = DeltaReduction::mean})->evaluate(b.input());
  CHECK(sum.value - mean.value == doctest::Approx(std::log(16.0) * 0.1 / 0.07).epsilon(1e-12));
  CHECK(relative_difference(mean.gradient, sum.gradient) < 1e-13);
}
