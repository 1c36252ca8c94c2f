// SPDX-License-Identifier: Apache-2.0
// The estimate of a step's memory: the same as what the learner allocates, and the largest batch that fits.
#include "experiments/training/step_memory.h"

#include <doctest/doctest.h>

#include "experiments/training/learner.h"
#include "experiments/training/setup.h"
#include "losses/dynlocrep.h"

using namespace cg;

namespace {

LearnerOptions small(DType activations) {
  LearnerOptions o;
  o.model = {.channels = 1, .width = 4, .embedding = 8};
  o.volume = {12, 14, 10};
  o.activations = activations;
  return o;
}

/// Counts the bytes that are asked for.
class CountingBackend : public HostBackend {
 public:
  Index asked = 0;
  std::shared_ptr<std::byte> allocate(Index bytes) override {
    asked += bytes;
    return HostBackend::allocate(bytes);
  }
};

auto within(Index bytes) {
  return [bytes](const StepMemory& memory) { return memory.total() <= bytes; };
}

}  // namespace

TEST_CASE("the planner's estimate is what the learner allocates") {
  for (DType type : {DType::f32, DType::bf16}) {
    CAPTURE(name_of(type));
    CountingBackend backend;
    Learner learner(backend, small(type), make_loss<DynLocRep>());
    const Index batch = 5, fixed = backend.asked;
    learner.reserve(std::span(&batch, 1), {});
    StepPlanner planner(small(type), backend);
    const StepMemory planned = planner.memory(batch);
    constexpr Index control = sizeof(AdamControl);  // the rate and the flag of the update, which no layer owns
    CHECK(planned.fixed_sum().total() + control == fixed);
    CHECK(planned.plan.arena_bytes() == backend.asked - fixed);
    CHECK(planned.volumes == batch * 12 * 14 * 10 * 4);
    CHECK(planned.total() + control == backend.asked + planned.volumes);
    CHECK(learner.memory(batch).total() == planned.total());
  }
}

TEST_CASE("train.recompute reaches the network: the step needs less memory") {
  HostBackend backend;
  Config config;
  config.model = {.channels = 1, .width = 4, .embedding = 8};
  const auto bytes = [&] {
    return StepPlanner(learner_options(config, {12, 14, 10}, backend, 0), backend).memory(5).total();
  };
  const Index kept = bytes();
  config.train.recompute = Recompute::stem;
  const Index stem = bytes();
  CHECK(stem < kept);
  config.train.recompute = Recompute::layer1;
  CHECK(bytes() < stem);
}

TEST_CASE("fixed memory is listed once per layer, with the statistics among the parameters") {
  HostBackend backend;
  StepPlanner planner(small(DType::f32), backend);
  const std::vector<FixedMemory> fixed = planner.memory(2).fixed;
  REQUIRE(fixed.size() > 2);
  CHECK(fixed.front().layer == "encoder.conv1");
  CHECK(fixed.front().parameters == 5504);  // 4 filters of 7³ floats, 5488 bytes, padded to a multiple of 64
  CHECK(fixed.front().gradients == fixed.front().parameters);
  CHECK(fixed.front().adam == 2 * fixed.front().parameters);
  CHECK(fixed[1].layer == "encoder.bn1");
  CHECK(fixed[1].parameters == 4 * 64);  // scale, shift and two statistics of 4 numbers, padded
  CHECK(fixed[1].gradients == 2 * 64);
  CHECK(fixed[1].adam == 4 * 64);
  CHECK(fixed.back().layer == "head.2");
}

TEST_CASE("the largest batch fits, and one more subject does not") {
  HostBackend backend;
  StepPlanner planner(small(DType::f32), backend);
  const Index of_two = planner.memory(2).total(), of_eleven = planner.memory(11).total();
  for (Index bytes : {of_two, of_eleven - 1, of_eleven, of_eleven + 1, 10 * of_two}) {
    CAPTURE(bytes);
    const Index batch = planner.largest_batch(4096, within(bytes));
    REQUIRE(batch >= 2);
    CHECK(planner.memory(batch).total() <= bytes);
    CHECK(planner.memory(batch + 1).total() > bytes);
  }
  CHECK(planner.largest_batch(4096, within(of_eleven)) == 11);
  CHECK(planner.largest_batch(4096, within(of_eleven - 1)) == 10);
}

TEST_CASE("the largest batch is 0 if two subjects do not fit, and never above the limit") {
  HostBackend backend;
  StepPlanner planner(small(DType::f32), backend);
  CHECK(planner.largest_batch(4096, within(planner.memory(2).total() - 1)) == 0);
  for (Index most : {2, 3, 4, 5, 7, 8}) CHECK(planner.largest_batch(most, within(Index{1} << 50)) == most);
}

TEST_CASE("the line before a run names arena, least possible, fixed memory and volumes") {
  HostBackend backend;
  const StepMemory memory = StepPlanner(small(DType::f32), backend).memory(3);
  const std::string line = to_string(memory);
  CAPTURE(line);
  CHECK(line.starts_with(megabytes(memory.plan.arena_bytes()) + " MB for a step of 3 (" +
                         megabytes(memory.plan.live_bytes()) + " at least), "));
  CHECK(line.find(megabytes(memory.fixed_sum().total()) + " for parameters") != std::string::npos);
  CHECK(line.ends_with(megabytes(memory.volumes) + " for its volumes"));
  CHECK(megabytes(1234567890) == "1234.6");
}

TEST_CASE("the host says how much memory is free") {
  const Index free = HostBackend().free_bytes();
  CHECK(free > Index{1} << 20);
  CHECK(free < Index{1} << 50);
  CHECK(MetaBackend().free_bytes() == 0);
}
