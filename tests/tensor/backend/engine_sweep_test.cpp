// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/engine_sweep.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tests/support/tensors.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

struct Candidate {
  double milliseconds;
  bool equal_bits = true;
  Index workspace = 0;
  double error = 0;
  std::string failure = "";
  bool slow = false;
};

std::vector<MeasuredEngine> measured(const std::vector<Candidate>& candidates, DType dtype = DType::bf16) {
  std::vector<MeasuredEngine> all;
  for (const Candidate& c : candidates) {
    MeasuredEngine engine{};
    engine.entry.problem.dtype = dtype;
    engine.entry.workspace = c.workspace;
    engine.timing = {c.milliseconds, c.equal_bits, c.error, c.failure, c.slow};
    all.push_back(engine);
  }
  return all;
}

std::optional<std::size_t> chosen(const std::vector<Candidate>& candidates, DType dtype = DType::bf16) {
  return choose_engine(measured(candidates, dtype));
}

/// Takes a clock's time for each candidate.
class FakeSweep final : public EngineSweep {
 public:
  explicit FakeSweep(const std::vector<Candidate>& candidates) : all_(measured(candidates)) {
    for (const MeasuredEngine& engine : all_) entries_.push_back(engine.entry);
  }
  const std::vector<EngineEntry>& candidates() const override { return entries_; }
  EngineTiming time(std::size_t k, double fastest) override {
    before.push_back(fastest);
    CHECK(k == timed);
    ++timed;
    return all_[k].timing;
  }
  std::size_t timed = 0;
  std::vector<double> before;  ///< the fastest before each

 private:
  std::vector<MeasuredEngine> all_;
  std::vector<EngineEntry> entries_;
};

Tensor filled(DType dtype, const std::vector<double>& values) {
  HostBackend host;
  Tensor tensor = host.tensor({{static_cast<Index>(values.size())}, dtype});
  from_doubles(host, values, tensor);
  return tensor;
}

}  // namespace

TEST_CASE("choice of an engine: the fastest") {
  CHECK(chosen({{1.0}, {0.5}, {0.7}}) == 1);
  CHECK(chosen({{1.0}, {0.5, true, 1000}, {0.52}}) == 1);  // 4 % slower: its smaller workspace does not count
  CHECK(chosen({}) == std::nullopt);
}

TEST_CASE("choice of an engine: of those within 2 % of the fastest, the least workspace, then the fastest") {
  CHECK(chosen({{0.509, true, 10}, {0.5, true, 1000}, {0.511, true, 0}}) == 0);
  CHECK(chosen({{0.505, true, 10}, {0.5, true, 1000}, {0.501, true, 10}}) == 2);
  CHECK(chosen({{0.5, true, 10}, {0.5, true, 10}}) == 0);
}

TEST_CASE("choice of an engine: never one that failed, is off, or does not repeat its bits") {
  CHECK(chosen({{1.0}, {0.5, false}}) == 0);
  CHECK(chosen({{1.0}, {0.995, false}}) == 0);
  CHECK(chosen({{1.0}, {0.0, true, 0, 0, "out of memory"}}) == 0);
  CHECK(chosen({{1.0}, {0.5, true, 0, infinite}}) == 0);
  CHECK(chosen({{1.0}, {0.5, true, 0, 0, "", true}}) == 0);
  CHECK(chosen({{1.0}, {0.5, true, 0, std::nan("")}}) == 0);
  CHECK(chosen({{1.0, false}, {0.5, true, 0, infinite}}) == std::nullopt);
  // The fastest of all is wrong: what is within 2 % counts from the fastest right one.
  CHECK(chosen({{1.01, true, 1}, {1.0, true, 5}, {0.5, true, 0, 1.0}}) == 0);
}

TEST_CASE("choice of an engine: the largest error is that of a rounding in bfloat16, and of sums in float32") {
  CHECK(chosen({{1.0}, {0.5, true, 0, 0.0039}}) == 1);
  CHECK(chosen({{1.0}, {0.5, true, 0, 0.0040}}) == 0);
  CHECK(chosen({{1.0}, {0.5, true, 0, 0.00009}}, DType::f32) == 1);
  CHECK(chosen({{1.0}, {0.5, true, 0, 0.00011}}, DType::f32) == 0);
}

TEST_CASE("distance of results: relative, in both types; infinite if a number is not finite") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const Tensor zeros = filled(dtype, {0, 0, 0}), b = filled(dtype, {3, 0, 4}), a = filled(dtype, {3, 1, 4});
    CHECK(relative_distance(b, b) == 0);
    CHECK(relative_distance(a, b) == doctest::Approx(0.2));
    CHECK(relative_distance(zeros, b) == doctest::Approx(1));
    CHECK(relative_distance(zeros, zeros) == 0);
    CHECK(relative_distance(a, zeros) == infinite);
    for (const double wrong : {infinite, std::nan("")}) {
      const Tensor c = filled(dtype, {3, wrong, 4});
      CHECK(relative_distance(c, b) == infinite);
      CHECK(relative_distance(c, c) == infinite);
    }
  }
  // More than one block of the sum.
  std::vector<double> many(200'000, 1.0);
  const Tensor ones = filled(DType::f32, many);
  many.back() = 1 + std::sqrt(200'000.0);
  CHECK(relative_distance(filled(DType::f32, many), ones) == doctest::Approx(1));
}

TEST_CASE("sweep of a problem: the candidates are timed in their order, until the time is over") {
  const std::vector<Candidate> candidates = {{1.0}, {0.8}, {0.5}, {0.1, false}, {0.6}};
  FakeSweep all(candidates);
  const SweptProblem swept = sweep(all, [] { return true; });
  CHECK(swept.complete);
  CHECK(swept.measured.size() == 5);
  CHECK(swept.chosen == 2);
  CHECK(all.before == std::vector<double>{infinite, 1.0, 0.8, 0.5, 0.5});
  CHECK(swept.measured[2].entry.milliseconds == 0.5);
  FakeSweep two(candidates);
  const SweptProblem cut = sweep(two, [&] { return two.timed < 2; });
  CHECK_FALSE(cut.complete);
  CHECK(cut.measured.size() == 2);
  CHECK(cut.chosen == 1);
}
