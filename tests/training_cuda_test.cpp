// SPDX-License-Identifier: Apache-2.0
// Training on a GPU: planned memory, agreement with the CPU, the same bits again, and what happens when memory is
// refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "data/device_loader.h"
#include "experiments/training/learner.h"
#include "losses/dynlocrep.h"
#include "tensor/random.h"
#include "tests/support/cuda.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr Index subjects = 6;
const std::vector<double> ages = {21.5, 64.25, 33, 71, 35.5, 48};

LearnerOptions options(DType activations) {
  LearnerOptions o;
  o.model = {.channels = 1, .width = 16, .embedding = 32};
  o.volume = {34, 37, 33};
  o.activations = activations;
  o.seed = 11;
  return o;
}

std::unique_ptr<Loss> loss() { return make_loss<DynLocRep>({}, {.final_neighbours = 3}); }

Tensor random_volumes(const Learner& learner, std::uint64_t seed, Index number = subjects) {
  HostBackend host;
  Tensor out = host.tensor(learner.options().batch_spec(number, 1));
  Random random({.seed = seed});
  for (float& value : out.data<float>()) value = static_cast<float>(random.normal());
  return out;
}

struct Trained {
  std::vector<double> losses, features, parameters;
  bool operator==(const Trained&) const = default;
  bool finite() const {
    const auto all = [](const std::vector<double>& numbers) {
      return std::ranges::all_of(numbers, [](double x) { return std::isfinite(x); });
    };
    return all(losses) && all(features) && all(parameters);
  }
};

/// Ten steps with batches of two sizes, at a falling rate from `rate` on, with an evaluation after each. With an
/// observer kernel by kernel; else from the second of a size on as CUDA graphs.
Trained train(Backend& backend, DType activations, double rate, TapeObserver* observer = nullptr) {
  Learner learner(backend, options(activations), loss());
  learner.observe(observer);
  Trained out;
  for (Index step = 1; step <= 10; ++step) {
    const Index number = step % 2 ? subjects : subjects - 2;
    const Tensor volumes = random_volumes(learner, static_cast<std::uint64_t>(step), number);
    const std::span those(ages.data(), static_cast<std::size_t>(number));
    out.losses.push_back(
        learner.step(volumes, those, {.epoch = step, .max_epochs = 10}, rate / static_cast<double>(step)).value);
    for (const double feature : learner.encode(volumes).features) out.features.push_back(feature);
  }
  for (const Parameter* p : learner.parameters().parameters())
    for (const double value : learner.parameters().read(*p)) out.parameters.push_back(value);
  return out;
}

}  // namespace

TEST_CASE("training on a GPU: the same seed gives the same bits, and something is learnt") {
  const auto device = device_or_skip();
  if (!device) return;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const auto first = train(*device, dtype, 1e-3);
    CHECK(first == train(*device, dtype, 1e-3));
    CHECK(first != train(*device, dtype, 1e-4));
    CHECK(first.finite());
  }
}

TEST_CASE("training on a GPU: steps repeated as CUDA graphs give the bits of steps started kernel by kernel") {
  const auto device = device_or_skip();
  if (!device) return;
  TapeObserver nobody;  // observed steps are not repeated
  for (const DType dtype : {DType::f32, DType::bf16})
    CHECK(train(*device, dtype, 1e-3) == train(*device, dtype, 1e-3, &nobody));
}

TEST_CASE("training on a GPU: NaN in a repeated step is reported with its layer, and no parameter changes") {
  const auto device = device_or_skip();
  if (!device) return;
  Learner learner(*device, options(DType::bf16), loss());
  for (std::uint64_t step = 1; step <= 4; ++step) learner.step(random_volumes(learner, step), ages, {}, 1e-4);
  const auto before = to_doubles(*device, learner.parameters().values());
  const Tensor spoilt = random_volumes(learner, 5);
  spoilt.data<float>()[7000] = std::nanf("");
  check_fails([&] { learner.step(spoilt, ages, {}, 1e-4); }, ErrorKind::numbers, {"NaN or infinity"});
  CHECK(to_doubles(*device, learner.parameters().values()) == before);
  CHECK(std::isfinite(learner.step(random_volumes(learner, 6), ages, {}, 1e-4).value));
}

TEST_CASE("a GPU: uploads during other work copy every number, in the order they are waited for") {
  const auto device = device_or_skip();
  if (!device) return;
  constexpr Index size = Index{8} << 20;
  BatchBuffers buffers(*device);
  Tensor used;
  for (int round = 0; round < 6; ++round) {
    const Spec spec{{size - round % 3}, DType::f32};
    const Tensor host = device->host_tensor(spec);
    std::ranges::fill(host.data<float>(), static_cast<float>(round));
    UploadBuffer& buffer = buffers.next();
    buffer.start(host);
    const std::vector<Tensor> parts = {buffer.take()};
    used = {};
    const auto numbers = to_doubles(*device, device->concatenate(parts, used));
    CHECK(static_cast<Index>(numbers.size()) == spec.count());
    CHECK(std::ranges::all_of(numbers, [&](double x) { return x == round; }));
  }
}

TEST_CASE("a GPU: volumes of a cohort are gathered into a batch") {
  const auto device = device_or_skip();
  if (!device) return;
  const Spec one{{1, 911}, DType::bf16};
  std::vector<double> numbers(40 * 911), expected;
  for (std::size_t k = 0; k < numbers.size(); ++k) numbers[k] = static_cast<double>(k % 251);
  Tensor cohort = device->tensor({{40, 911}, DType::bf16});
  from_doubles(*device, numbers, cohort);
  std::vector<Tensor> parts;
  for (const Index subject : {7, 3, 39, 0, 8}) {
    parts.push_back(cohort.part(one, subject * one.size_bytes()));
    expected.insert(expected.end(), numbers.begin() + subject * 911, numbers.begin() + (subject + 1) * 911);
  }
  Tensor batch;
  CHECK(to_doubles(*device, device->concatenate(parts, batch)) == expected);
}

TEST_CASE("training on a GPU: losses are those of the CPU in float32, and near them in bfloat16") {
  const auto device = device_or_skip();
  if (!device) return;
  // At a rate that all but stands still: Adam's first steps follow the sign of a gradient, however small.
  const auto cpu = train(*make_cpu_backend(), DType::f32, 1e-9);
  const auto single = train(*device, DType::f32, 1e-9), brain_floats = train(*device, DType::bf16, 1e-9);
  for (std::size_t step = 0; step < cpu.losses.size(); ++step) {
    const double loss = cpu.losses[step];
    CHECK(single.losses[step] == doctest::Approx(loss).epsilon(1e-4));       // other sums, through 20 layers
    CHECK(brain_floats.losses[step] == doctest::Approx(loss).epsilon(0.1));  // 8 bits at each store
  }
}

TEST_CASE("training on a GPU: a step in planned memory gives the bits of a step that allocates its buffers") {
  const auto device = device_or_skip();
  if (!device) return;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    Learner learner(*device, options(dtype), loss());
    const Tensor volumes = device->from_host(random_volumes(learner, 1));
    const MemoryPlan& plan = learner.plan(subjects, true);
    const auto gradients = [&](const MemoryPlan* planned, const Tensor& arena) {
      Tape tape(*device, Registry::standard(), planned, arena);
      Context ctx(tape, true, 2);
      const Variable z = learner.model().forward(ctx, constant(volumes), dtype).embeddings;
      Tensor gradient = device->tensor(z.spec());
      from_doubles(*device, to_doubles(*device, z.value), gradient);
      tape.backward(z, gradient);
      return to_doubles(*device, learner.parameters().gradients());
    };
    HostBackend host;
    Tensor poison = host.tensor({{plan.arena_bytes()}, DType::u8});
    std::fill_n(poison.raw(), plan.arena_bytes(), std::byte{0xFF});  // NaN in every type
    const auto planned = gradients(&plan, device->from_host(poison));
    CHECK(planned == gradients(nullptr, {}));
  }
}

TEST_CASE(
    "a GPU: a refused allocation is an error with its size and the memory held and free, and the device stays usable") {
  const auto device = device_or_skip();
  if (!device) return;
  const auto held = device->allocate(Index{1} << 20);
  check_fails([&] { device->allocate(Index{1} << 46); }, ErrorKind::memory,
              {"asked for 70368.74 GB", "this process holds", "free"});
  Tensor ones = device->tensor({{4}, DType::f32});
  from_doubles(*device, std::vector<double>{1, 2, 3, 4}, ones);
  CHECK(to_doubles(*device, ones) == std::vector<double>{1, 2, 3, 4});  // it is still usable
}

TEST_CASE("a GPU: NaN and infinity are found at any position, in both types") {
  const auto device = device_or_skip();
  if (!device) return;
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const Index size : {1, 7, 5000, 1'000'003}) {
      std::vector<double> numbers(static_cast<std::size_t>(size), 0.5);
      Tensor tensor = device->tensor({{size}, dtype});
      from_doubles(*device, numbers, tensor);
      CHECK(device->all_finite(tensor));
      for (const Index at : {Index{0}, size / 2, size - 1})
        for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
          auto spoilt = numbers;
          spoilt[static_cast<std::size_t>(at)] = bad;
          from_doubles(*device, spoilt, tensor);
          CHECK_FALSE(device->all_finite(tensor));
        }
    }
}
