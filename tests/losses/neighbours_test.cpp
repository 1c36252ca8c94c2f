// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "losses/registry.h"
#include "tensor/error.h"
#include "tests/losses/checks.h"

using namespace cg;
using namespace cg::test;

namespace {

const double none = std::numeric_limits<double>::infinity();

/// Who is in NN(i), by index.
std::vector<Index> nearest(const Array& distances, Index i, Index neighbours) {
  const Array log_nu = log_repulsion(distances, neighbours, none);
  std::vector<Index> out;
  for (Index t = 0; t < log_nu.cols(); ++t)
    if (log_nu(i, t) == 0) out.push_back(t);
  return out;
}

}  // namespace

TEST_CASE("Distances: the four of them between two rows") {
  Array z(2, 3);
  z << 1, 2, 2, 4, 2, -2;
  CHECK(distances(z, Distance::manhattan)(0, 1) == 7);
  CHECK(distances(z, Distance::euclidean)(0, 1) == 5);
  CHECK(distances(z, Distance::chebyshev)(1, 0) == 4);
  CHECK(distances(z, Distance::cosine)(0, 1) == doctest::Approx(1 - 4 / (3 * std::sqrt(24))));
  CHECK(distances(z, Distance::cosine)(1, 1) == 0);
}

TEST_CASE("Distances: equal rows are equally far, to the last bit") {
  Batch b = random_batch(1, 7, 1, 13);
  b.z.insert(b.z.end(), b.z.begin(), b.z.end());
  const Eigen::Map<const Array> z(b.z.data(), 14, 13);
  for (const auto d : {Distance::manhattan, Distance::euclidean, Distance::chebyshev, Distance::cosine}) {
    const Array between = distances(z, d);
    for (Index i = 0; i < 7; ++i)
      for (Index t = 0; t < 7; ++t)
        if (i != t) CHECK(between(i, t) == between(i, t + 7));
  }
}

TEST_CASE("Distances: a row of zeros has cosine distance 1") {
  Array z = Array::Zero(3, 2);
  z(0, 0) = 1;
  CHECK(distances(z, Distance::cosine)(0, 1) == 1);
  CHECK(distances(z, Distance::cosine)(1, 2) == 1);
}

TEST_CASE("Neighbours: the anchor counts among them and is then removed") {
  Array z(5, 1);
  z << 0, 1, 3, 7, 15;
  const Array d = distances(z, Distance::manhattan);
  CHECK(nearest(d, 0, 2) == std::vector<Index>{1});
  CHECK(nearest(d, 2, 3) == std::vector<Index>{0, 1});
  CHECK(nearest(d, 4, 5) == std::vector<Index>{0, 1, 2, 3});
}

TEST_CASE("Neighbours: of rows at the same distance the lower index is nearer") {
  Array z(6, 1);
  z << 1, 0, 1, -1, 1, 5;
  const Array d = distances(z, Distance::manhattan);
  CHECK(nearest(d, 1, 2) == std::vector<Index>{0});
  CHECK(nearest(d, 1, 3) == std::vector<Index>{0, 2});
  CHECK(nearest(d, 1, 4) == std::vector<Index>{0, 2, 3});
  CHECK(nearest(d, 4, 2) == std::vector<Index>{0});  // equal to rows 0 and 2: still its own nearest
  CHECK(nearest(Array::Zero(4, 4), 2, 3) == std::vector<Index>{0, 1});
}

TEST_CASE("Neighbours: they are those that sorting by distance and index gives") {
  CHECK(rc::check("neighbours are a stable sort's", [] {
    const auto n = *rc::gen::inRange<Index>(2, 20);
    const auto neighbours = *rc::gen::inRange<Index>(2, n + 1);
    Random random({.seed = *rc::gen::arbitrary<std::uint64_t>()});
    Array z(n, 1);
    for (Index i = 0; i < n; ++i) z(i, 0) = static_cast<double>(random.below(6));  // many ties
    const Array d = distances(z, Distance::manhattan);
    for (Index i = 0; i < n; ++i) {
      std::vector<Index> order(static_cast<std::size_t>(n));
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
        return std::pair(a == i ? -1.0 : d(i, a), a) < std::pair(b == i ? -1.0 : d(i, b), b);
      });
      std::vector<Index> expected(order.begin() + 1, order.begin() + neighbours);
      std::sort(expected.begin(), expected.end());
      RC_ASSERT(nearest(d, i, neighbours) == expected);
    }
  }));
}

TEST_CASE("Far decay: weight 1 at the edge, falling as (e/d)^lambda, and nothing beyond for infinity") {
  Array z(5, 1);
  z << 0, 1, 2, 4, 8;
  const Array d = distances(z, Distance::manhattan);
  const Array one = log_repulsion(d, 3, 1).exp();
  CHECK(one(0, 2) == 1);
  CHECK(one(0, 3) == doctest::Approx(2.0 / 4));
  CHECK(one(0, 4) == doctest::Approx(2.0 / 8));
  CHECK(log_repulsion(d, 3, 3)(0, 4) == doctest::Approx(3 * std::log(0.25)));
  CHECK(log_repulsion(d, 3, 0)(0, 4) == 0);
  CHECK(log_repulsion(d, 3, none)(0, 4) == left_out);
  CHECK(log_repulsion(d, 3, 0)(0, 0) == left_out);
}

TEST_CASE("Far decay: a row that ties with the edge and is no neighbour has weight 1, or none for infinity") {
  Array z(4, 1);
  z << 0, 1, -1, 3;
  const Array d = distances(z, Distance::manhattan);
  CHECK(log_repulsion(d, 2, 4)(0, 2) == 0);
  CHECK(log_repulsion(d, 2, none)(0, 2) == left_out);
}

TEST_CASE("Far decay: where all neighbours are at distance 0, the others have no weight unless lambda is 0") {
  Array z(4, 1);
  z << 1, 1, 1, 3;
  const Array d = distances(z, Distance::manhattan);
  CHECK(log_repulsion(d, 3, 0.5)(0, 3) == left_out);
  CHECK(log_repulsion(d, 3, 0)(0, 3) == 0);
}

TEST_CASE("Algorithm 1: batch 32, 14 in the end, 50 epochs") {
  const NeighbourSchedule published;
  const std::vector<std::pair<Index, Index>> table{{1, 31},  {2, 31},  {3, 30},  {6, 29},  {10, 28}, {20, 24},
                                                   {30, 20}, {40, 17}, {48, 14}, {49, 14}, {50, 14}};
  for (const auto& [epoch, expected] : table) {
    CAPTURE(epoch);
    CHECK(neighbours_at(epoch, published) == expected);
  }
}

TEST_CASE("Algorithm 1: a step every ten epochs, the last of them beyond the final number") {
  const NeighbourSchedule s{.batch = 32, .final_neighbours = 14, .step_size = 10, .max_epochs = 50};
  const std::vector<std::pair<Index, Index>> table{{1, 32}, {9, 32}, {10, 27}, {20, 23}, {30, 18}, {40, 14}, {50, 14}};
  for (const auto& [epoch, expected] : table) {
    CAPTURE(epoch);
    CHECK(neighbours_at(epoch, s) == expected);
  }
}

TEST_CASE("Algorithm 1: the product is rounded before it is subtracted") {
  // 28/12 x 9 is 21 in double, and a little more before it is rounded: a fused multiply-subtract would give 10.
  CHECK(neighbours_at(9, {.batch = 32, .final_neighbours = 4, .max_epochs = 13}) == 11);
  CHECK(neighbours_at(6, {.batch = 22, .final_neighbours = 1, .max_epochs = 10}) == 8);
}

TEST_CASE("Algorithm 1: a batch smaller than the final number keeps all of its subjects") {
  CHECK(neighbours_at(1, {.batch = 5, .final_neighbours = 14}) == 5);
  CHECK(neighbours_at(50, {.batch = 5, .final_neighbours = 14}) == 5);
  CHECK(neighbours_at(50, {.batch = 20, .final_neighbours = 14}) == 14);
}

TEST_CASE("Algorithm 1: fewer than two steps are refused, and the error names the settings") {
  CHECK_THROWS_WITH_AS(neighbours_at(1, {.step_size = 26, .max_epochs = 50}), doctest::Contains("train.epochs"), Error);
  CHECK_THROWS_WITH_AS(neighbours_at(1, {.step_size = 1, .max_epochs = 1}), doctest::Contains("loss.step_size"), Error);
}

TEST_CASE("Algorithm 1: the number never grows, and stays between the final one and the batch") {
  CHECK(rc::check("NN_nb is monotone", [] {
    NeighbourSchedule s;
    s.batch = *rc::gen::inRange<Index>(1, 100);
    s.final_neighbours = *rc::gen::inRange<Index>(1, 100);
    s.step_size = *rc::gen::inRange<Index>(1, 20);
    s.max_epochs = s.step_size * 2 + *rc::gen::inRange<Index>(0, 200);
    Index before = s.batch;
    for (Index epoch = 1; epoch <= s.max_epochs; ++epoch) {
      const Index now = neighbours_at(epoch, s);
      RC_ASSERT(now <= before);
      RC_ASSERT(now >= std::min(s.final_neighbours, s.batch));
      before = now;
    }
    RC_ASSERT(before == std::min(s.final_neighbours, s.batch));
  }));
}

TEST_CASE("dynlocrep: a schedule that never changes the number of neighbours is reported") {
  LossOptions options{.name = "dynlocrep"};
  options.own.of<DynLocRep>().final_neighbours = 14;
  const std::vector<std::string> flat = loss_warnings(options, {.batch_size = 14, .epochs = 50});
  REQUIRE(flat.size() == 1);
  CHECK(flat[0].find("same 14 neighbours") != std::string::npos);
  CHECK(loss_warnings(options, {.batch_size = 32, .epochs = 50}).empty());
  options.own.of<DynLocRep>().short_batch = ShortBatch::whole;
  CHECK(loss_warnings(options, {.batch_size = 31, .epochs = 50}).size() == 1);
  CHECK(loss_warnings({.name = "simclr"}, {.batch_size = 14, .epochs = 50}).empty());
}
