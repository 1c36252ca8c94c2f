// SPDX-License-Identifier: Apache-2.0
// Steps that a device repeats by itself, as a GPU does with CUDA graphs: the same bits as steps that are done anew,
// whatever changes from one to the next.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>

#include "experiments/training/learner.h"
#include "losses/dynlocrep.h"
#include "losses/explanation.h"
#include "losses/registry.h"
#include "tensor/random.h"
#include "tests/support/repeating_backend.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

LearnerOptions small(DType activations) {
  LearnerOptions o;
  o.model = {.channels = 1, .width = 2, .embedding = 4};
  o.volume = {9, 8, 10};
  o.activations = activations;
  o.seed = 3;
  return o;
}

std::unique_ptr<Loss> loss(const std::string& name) {
  LossOptions options{.name = name};
  options.own.of<DynLocRep>().final_neighbours = 2;
  return make_loss(options);
}

Tensor volumes(const Learner& learner, Index subjects, std::uint64_t seed) {
  HostBackend host;
  Tensor out = host.tensor(learner.options().batch_spec(subjects, 1));
  Random random({.seed = seed});
  for (float& value : out.data<float>()) value = static_cast<float>(random.normal());
  return out;
}

std::vector<double> ages(Index subjects, std::uint64_t seed) {
  Random random({.seed = 1000 + seed});
  std::vector<double> all(static_cast<std::size_t>(subjects));
  for (double& age : all) age = 20 + 60 * random.uniform();
  return all;
}

/// A step unlike any other of its number.
LossResult step(Learner& learner, Index subjects, std::uint64_t number) {
  return learner.step(volumes(learner, subjects, number), ages(subjects, number),
                      {.epoch = 1 + static_cast<Index>(number) / 4, .max_epochs = 4},
                      1e-3 / static_cast<double>(number));
}

/// Everything that a step changes.
std::vector<double> everything(const Learner& learner, Backend& backend) {
  std::vector<double> all;
  for (const NamedTensor& part : learner.state())
    for (const double number : to_doubles(backend, part.tensor)) all.push_back(number);
  return all;
}

/// Losses of steps of these sizes, features in between, then everything.
std::vector<double> train(Backend& backend, const Registry& registry, DType activations, const std::string& loss_name,
                          std::initializer_list<Index> sizes) {
  Learner learner(backend, small(activations), loss(loss_name), registry);
  std::vector<double> out;
  std::uint64_t number = 0;
  for (const Index subjects : sizes) {
    out.push_back(step(learner, subjects, ++number).value);
    for (const double feature : learner.encode(volumes(learner, 2, number)).features) out.push_back(feature);
  }
  for (const double number_of_state : everything(learner, backend)) out.push_back(number_of_state);
  return out;
}

}  // namespace

TEST_CASE(
    "repeated steps: the bits of steps without repetition, for batches of two sizes, while rates, ages and volumes "
    "change") {
  for (const DType type : {DType::f32, DType::bf16})
    for (const char* name : {"dynlocrep", "nnclr"}) {
      CAPTURE(name_of(type));
      CAPTURE(name);
      HostBackend plain;
      RepeatingBackend repeating;
      const auto sizes = {Index{5}, Index{5}, Index{3}, Index{5}, Index{3}, Index{3}, Index{5}, Index{3}};
      const auto anew = train(plain, Registry::standard(), type, name, sizes);
      const auto repeated = train(repeating, repeating.kernels(), type, name, sizes);
      CHECK(anew == repeated);
      CHECK(repeating.graphs == 5);  // forward, and backward with update, of two sizes; forward in evaluation
      CHECK_FALSE(repeating.misused);
    }
}

TEST_CASE("repeated steps: a device that refuses to capture continues kernel by kernel and gives the same bits") {
  HostBackend plain;
  const auto sizes = {Index{5}, Index{5}, Index{3}, Index{5}, Index{3}};
  const auto anew = train(plain, Registry::standard(), DType::f32, "nnclr", sizes);
  // Graphs in this order: forward and backward of 5, evaluation, forward and backward of 3.
  for (const int graph : {1, 2, 3, 4, 5})
    for (const int part : {0, 1, 30}) {
      CAPTURE(graph);
      CAPTURE(part);
      RepeatingBackend refusing;
      refusing.refused_graph = graph;
      refusing.refused_part = part;
      CHECK(train(refusing, refusing.kernels(), DType::f32, "nnclr", sizes) == anew);
      CHECK(refusing.capture_refusal() == "it does not want to");
      CHECK(refusing.graphs == graph - 1);
      CHECK(refusing.abandoned == 1);
      CHECK_FALSE(refusing.misused);
    }
}

TEST_CASE("repeated steps: with graphs switched off nothing is captured, and the bits are the same") {
  HostBackend plain;
  RepeatingBackend repeating;
  repeating.without_graphs();
  const auto sizes = {Index{4}, Index{4}, Index{4}};
  CHECK(train(plain, Registry::standard(), DType::f32, "dynlocrep", sizes) ==
        train(repeating, repeating.kernels(), DType::f32, "dynlocrep", sizes));
  CHECK(repeating.graphs == 0);
  CHECK(repeating.repeated == 0);
  CHECK(repeating.capture_refusal().empty());
}

TEST_CASE("repeated steps: once captured, nothing is started but the copies of what changes") {
  RepeatingBackend backend;
  const Registry registry = backend.kernels();
  Learner learner(backend, small(DType::f32), loss("dynlocrep"), registry);
  for (std::uint64_t number = 1; number <= 2; ++number) step(learner, 4, number);
  const int done = backend.done, repeated = backend.repeated;
  step(learner, 4, 3);
  CHECK(backend.done - done == 1);          // the volumes
  CHECK(backend.repeated - repeated > 60);  // 20 convolutions and what is between them, forward and backward
}

TEST_CASE("repeated steps: after two steps of one size, no device memory and no host buffer is allocated") {
  for (const DType type : {DType::f32, DType::bf16}) {
    RepeatingBackend backend;
    const Registry registry = backend.kernels();
    Learner learner(backend, small(type), loss("dynlocrep"), registry);
    const auto round = [&](std::uint64_t number) {
      for (const Index subjects : {Index{5}, Index{3}}) step(learner, subjects, number);
      learner.encode(volumes(learner, 2, number));
    };
    for (std::uint64_t number = 1; number <= 2; ++number) round(number);
    const int asked = backend.allocations, asked_of_host = backend.host_tensors;
    CHECK(asked > 0);
    CHECK(asked_of_host > 0);
    for (std::uint64_t number = 3; number <= 5; ++number) round(number);
    CHECK(backend.allocations == asked);
    CHECK(backend.host_tensors == asked_of_host);
  }
}

TEST_CASE("repeated steps: a larger batch moves the arena, and what was captured there is captured again") {
  HostBackend plain;
  RepeatingBackend repeating;
  const auto sizes = {Index{2}, Index{2}, Index{2}, Index{4}, Index{4}, Index{2}, Index{4}, Index{2}, Index{2}};
  CHECK(train(plain, Registry::standard(), DType::f32, "dynlocrep", sizes) ==
        train(repeating, repeating.kernels(), DType::f32, "dynlocrep", sizes));
  CHECK(repeating.graphs == 2 + 1 + 4 + 1);  // of 2 before the arena moved, evaluation, of 2 and 4, evaluation again
}

TEST_CASE("repeated steps: NaN in any step is reported with its layer and changes no parameter; the next step works") {
  for (const std::uint64_t bad_step : {1u, 2u, 3u, 4u}) {
    CAPTURE(bad_step);
    RepeatingBackend backend;
    const Registry registry = backend.kernels();
    Learner learner(backend, small(DType::f32), loss("dynlocrep"), registry);
    for (std::uint64_t number = 1; number < bad_step; ++number) step(learner, 4, number);
    const auto values = to_doubles(backend, learner.parameters().values());
    const Tensor spoilt = volumes(learner, 4, bad_step);
    spoilt.data<float>()[700] = std::numeric_limits<float>::quiet_NaN();
    check_fails([&] { learner.step(spoilt, ages(4, 1), {}, 1e-4); }, ErrorKind::numbers,
                {"encoder.conv1", "NaN or infinity"});
    CHECK(to_doubles(backend, learner.parameters().values()) == values);
    CHECK(learner.batches_seen() == static_cast<Index>(bad_step) - 1);
    // The running statistics hold the bad batch's: they decide nothing in training.
    for (std::uint64_t number = bad_step; number < bad_step + 3; ++number)
      CHECK(std::isfinite(step(learner, 4, number).value));
    CHECK(to_doubles(backend, learner.parameters().values()) != values);
    CHECK_FALSE(backend.misused);
  }
}

TEST_CASE("repeated steps: a gradient that overflows stops the update on the device, and is an error") {
  /// A loss with a gradient as steep as one likes.
  class Steep : public Loss {
   public:
    explicit Steep(const double& factor) : factor_(factor) {}
    Explanation explain(const LossInput&) const override { return {}; }
    LossResult evaluate(const LossInput& in) const override {
      LossResult result = loss_->evaluate(in);
      for (double& g : result.gradient) g *= factor_;
      return result;
    }

   private:
    const double& factor_;
    std::unique_ptr<Loss> loss_ = loss("dynlocrep");
  };
  for (const std::uint64_t bad_step : {1u, 2u, 3u, 4u}) {
    CAPTURE(bad_step);
    double factor = 1;
    RepeatingBackend backend;
    const Registry registry = backend.kernels();
    Learner learner(backend, small(DType::f32), std::make_unique<Steep>(factor), registry);
    for (std::uint64_t number = 1; number < bad_step; ++number) step(learner, 4, number);
    const auto before = to_doubles(backend, learner.parameters().values());
    factor = 1e42;  // too much for float32
    check_fails([&] { step(learner, 4, bad_step); }, ErrorKind::numbers, {"gradient"});
    CHECK(to_doubles(backend, learner.parameters().values()) == before);
    CHECK(learner.batches_seen() == static_cast<Index>(bad_step) - 1);
  }
}

TEST_CASE("repeated steps: parameters written between them are used") {
  HostBackend plain;
  RepeatingBackend repeating;
  const Registry registry = repeating.kernels();
  const auto run = [](Backend& backend, const Registry& kernels) {
    Learner learner(backend, small(DType::f32), loss("dynlocrep"), kernels),
        other(backend, small(DType::f32), loss("dynlocrep"), kernels);
    for (std::uint64_t number = 1; number <= 3; ++number) step(learner, 4, number);
    step(other, 4, 7);
    std::vector<NamedTensor> saved;
    HostBackend host;
    for (const NamedTensor& part : other.state()) {
      saved.push_back({part.name, host.tensor(part.tensor.spec())});
      backend.to_host(part.tensor, saved.back().tensor);
    }
    learner.resume(saved, 1);
    step(learner, 4, 4);
    return everything(learner, backend);
  };
  CHECK(run(plain, Registry::standard()) == run(repeating, registry));
}

TEST_CASE("repeated steps: an observer sees every kernel, because observed steps are not repeated") {
  class Counter : public TapeObserver {
   public:
    int forward = 0, backward = 0;
    void after_forward(const Node&, const Tensor&) override { ++forward; }
    void after_backward(const Node&, const Call&) override { ++backward; }
  };
  RepeatingBackend backend;
  const Registry registry = backend.kernels();
  Learner learner(backend, small(DType::f32), loss("dynlocrep"), registry);
  for (std::uint64_t number = 1; number <= 3; ++number) step(learner, 4, number);
  Counter counter;
  learner.observe(&counter);
  step(learner, 4, 4);
  const int forward = counter.forward, backward = counter.backward;
  CHECK(forward > 30);
  for (std::uint64_t number = 5; number <= 7; ++number) step(learner, 4, number);
  CHECK(counter.forward == 4 * forward);
  CHECK(counter.backward == 4 * backward);
  learner.observe(nullptr);
  for (std::uint64_t number = 8; number <= 10; ++number) step(learner, 4, number);
  CHECK(counter.forward == 4 * forward);
}

TEST_CASE(
    "captured work: the first run is direct, the second is captured, later ones are launched; a failed capture is "
    "dropped") {
  RepeatingBackend backend;
  const auto graph = backend.captured_graph();
  Tensor number = backend.tensor({{1}, DType::f64});
  int asked = 0;
  const auto add_one = [&] {
    ++asked;
    backend.start([at = number.data<double>().data()] { ++*at; });
  };
  number.data<double>()[0] = 0;
  graph->run(add_one);
  CHECK_THROWS_AS(graph->run([&] {
    add_one();
    throw 7;
  }),
                  int);
  CHECK(backend.abandoned == 1);
  CHECK(number.data<double>()[0] == 1);
  for (int k = 0; k < 3; ++k) graph->run(add_one);
  CHECK(number.data<double>()[0] == 4);
  CHECK(asked == 3);
  CHECK(backend.graphs == 1);
}
