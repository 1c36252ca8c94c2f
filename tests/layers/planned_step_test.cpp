// SPDX-License-Identifier: Apache-2.0
// A step in memory that was planned before it: the same bits as without a plan, whatever the arena held before, and no
// two buffers that are alive together in one place.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "layers/model.h"
#include "tensor/error.h"
#include "tensor/random.h"

using namespace cg;

namespace {

constexpr ModelOptions small = {.channels = 1, .width = 4, .embedding = 8};
const Shape volumes = {3, 20, 17, 18, 1};

/// A small network on one device, with its planned step.
struct Fixture {
  std::unique_ptr<Backend> backend;
  DType activations;
  Model model;
  ParameterStore store;
  MemoryPlan plan;

  Fixture(std::unique_ptr<Backend> device, DType type, const ModelOptions& options = small)
      : backend(std::move(device)), activations(type), model(options), store(*backend, DType::f32, model.parameters()) {
    store.initialise(3);
    MetaBackend meta;
    Tape tape(meta);
    Context ctx(tape, true);
    const Variable x = constant(meta.tensor({volumes, DType::f32}));
    plan = MemoryPlan(tape, {model.forward(ctx, x, activations).embeddings}, true, Registry::standard(), *backend);
  }

  /// Embeddings, then all gradients, of one forward and backward pass.
  std::vector<double> step(const MemoryPlan* planned, const Tensor& arena) {
    Tape tape(*backend, Registry::standard(), planned, arena);
    Context ctx(tape, true);
    HostBackend host;
    Tensor x = host.tensor({volumes, DType::f32});
    Random random({.seed = 1});
    for (float& value : x.data<float>()) value = static_cast<float>(random.normal());
    const Variable z = model.forward(ctx, constant(backend->from_host(x)), activations).embeddings;
    std::vector<double> out = to_doubles(*backend, z.value);
    Tensor gradient = backend->tensor(z.spec());
    from_doubles(*backend, std::vector<double>(out.rbegin(), out.rend()), gradient);
    tape.backward(z, gradient);
    for (const Parameter* p : store.parameters())
      if (p->trained)
        for (double value : store.read_gradient(*p)) out.push_back(value);
    return out;
  }
};

void check_same_bits(Fixture f) {
  const Tensor arena = f.backend->tensor({{f.plan.arena_bytes()}, DType::u8});
  std::memset(arena.raw(), 0xFF, static_cast<std::size_t>(f.plan.arena_bytes()));  // NaN in every type
  const std::vector<double> planned = f.step(&f.plan, arena), free = f.step(nullptr, {});
  REQUIRE(planned.size() == free.size());
  CHECK(std::none_of(planned.begin(), planned.end(), [](double value) { return std::isnan(value); }));
  CHECK(planned == free);
}

/// Counts the bytes that are allocated at a time.
class CountingBackend : public HostBackend {
 public:
  Index live = 0, most = 0;
  std::shared_ptr<std::byte> allocate(Index bytes) override {
    auto memory = HostBackend::allocate(bytes);
    live += bytes;
    most = std::max(most, live);
    return {memory.get(), [this, memory, bytes](std::byte*) mutable {
              memory.reset();
              live -= bytes;
            }};
  }
};

}  // namespace

TEST_CASE("a planned step gives the bits of an unplanned one, in an arena full of NaN") {
  SUBCASE("reference, float32") { check_same_bits({std::make_unique<HostBackend>(), DType::f32}); }
  SUBCASE("cpu, float32") { check_same_bits({make_cpu_backend(), DType::f32}); }
  SUBCASE("cpu, bfloat16") { check_same_bits({make_cpu_backend(), DType::bf16}); }
  const ModelOptions headless = {.channels = 1, .width = 4, .projection = false};
  const auto recomputed = [](auto device, DType type) {
    for (const Recompute recompute : {Recompute::stem, Recompute::layer1}) {
      ModelOptions less = small;
      less.recompute = recompute;
      check_same_bits({device(), type, less});
    }
  };
  SUBCASE("reference, float32, recomputed") {
    recomputed([] { return std::make_unique<HostBackend>(); }, DType::f32);
  }
  SUBCASE("cpu, float32, recomputed") { recomputed(make_cpu_backend, DType::f32); }
  SUBCASE("cpu, bfloat16, recomputed") { recomputed(make_cpu_backend, DType::bf16); }
  SUBCASE("cpu, bfloat16, no head") { check_same_bits({make_cpu_backend(), DType::bf16, headless}); }
}

TEST_CASE("buffers that are alive together do not overlap, and the arena is no larger than they need") {
  const Fixture f(make_cpu_backend(), DType::bf16);
  const auto& buffers = f.plan.buffers();
  for (std::size_t a = 0; a < buffers.size(); ++a)
    for (std::size_t b = a + 1; b < buffers.size(); ++b) {
      const bool together = buffers[a].first <= buffers[b].last && buffers[b].first <= buffers[a].last;
      const bool overlap = buffers[a].offset < buffers[b].offset + buffers[b].bytes &&
                           buffers[b].offset < buffers[a].offset + buffers[a].bytes;
      CHECK_FALSE((together && overlap));
    }
  CHECK(f.plan.arena_bytes() >= f.plan.live_bytes());
}

TEST_CASE("the full network's plan at batch 32: the arena is hardly larger than the bytes alive together") {
  HostBackend host;
  MetaBackend meta;
  Model model({});
  for (Parameter* p : model.parameters()) {  // without memory: only shapes are needed
    const Tensor shape({p->shape, DType::f32}, Device::meta, nullptr);
    p->variable = p->trained ? leaf(p->name, shape, shape) : constant(shape);
  }
  for (DType type : {DType::f32, DType::bf16}) {
    Tape tape(meta);
    Context ctx(tape, true);
    const Variable x = constant(meta.tensor({{32, 91, 109, 91, 1}, DType::f32}));
    const MemoryPlan plan(tape, {model.forward(ctx, x, type).embeddings}, true, Registry::standard(), host);
    MESSAGE(name_of(type), ": arena ", plan.arena_bytes() / 1000000, " MB, alive ", plan.live_bytes() / 1000000, " MB");
    CHECK(plan.percent_lost() <= 1);  // docs/profile-memory.md has the figure
    CHECK(plan.percent_lost() == doctest::Approx(100.0 * (plan.arena_bytes() - plan.live_bytes()) / plan.live_bytes()));
  }
}

TEST_CASE("recomputed outputs: the same bits, and the largest tensors are not among those kept for the backward pass") {
  const auto with = [](Recompute recompute) {
    ModelOptions options = small;
    options.recompute = recompute;
    return Fixture(make_cpu_backend(), DType::f32, options);
  };
  const auto step = [](Fixture& f) { return f.step(&f.plan, f.backend->tensor({{f.plan.arena_bytes()}, DType::u8})); };
  Fixture kept = with(Recompute::none), stem = with(Recompute::stem), layer1 = with(Recompute::layer1);
  CHECK(step(stem) == step(kept));
  CHECK(step(layer1) == step(kept));
  const Buffer* largest = stem.plan.find(0, Role::output, 0);
  REQUIRE(largest);
  CHECK(largest->scope == "encoder.conv1");
  CHECK(largest->last == 1);  // until the batch norm after it has run
  CHECK(stem.plan.find(0, Role::recomputed, 0));
  CHECK(stem.plan.live_bytes() <= kept.plan.live_bytes() - largest->bytes / 2);
  int recomputed = 0;
  for (const Buffer& buffer : layer1.plan.buffers())
    recomputed += buffer.op == "conv3d" && buffer.role == Role::recomputed;
  CHECK(recomputed == 1 + 4);
}

TEST_CASE("the gradient of a convolution's output is written over this output, which only the batch norm reads") {
  const Fixture f(make_cpu_backend(), DType::f32);
  int convolutions = 0;
  for (const Buffer& gradient : f.plan.buffers()) {
    if (gradient.role != Role::gradient || gradient.op != "conv3d") continue;
    ++convolutions;
    CHECK_MESSAGE(gradient.in_place, gradient.scope);
    const Buffer* output = f.plan.find(gradient.node, Role::output, 0);
    CHECK(output->offset == gradient.offset);
    CHECK(output->last + 1 == gradient.first);
  }
  CHECK(convolutions == 20);
}

TEST_CASE("without a plan every buffer is freed after its last use") {
  auto counting = std::make_unique<CountingBackend>();
  CountingBackend& count = *counting;
  Fixture f(std::move(counting), DType::f32);
  const Index before = count.live;
  count.most = before;
  f.step(nullptr, {});
  CHECK(count.live == before);
  // Beside what the plan keeps alive, the caller above holds the embeddings and their gradient all the time. No
  // gradient is written over an output, as the caller may still hold it.
  Index in_place = 0;
  for (const Buffer& buffer : f.plan.buffers())
    if (buffer.in_place) in_place = std::max(in_place, buffer.bytes);
  CHECK(count.most - before <= f.plan.live_bytes() + in_place + 2 * volumes[0] * small.embedding * 4);
}

TEST_CASE("a step that was planned otherwise is refused") {
  Fixture f(std::make_unique<HostBackend>(), DType::f32);
  const Tensor arena = f.backend->tensor({{f.plan.arena_bytes()}, DType::u8});
  f.activations = DType::bf16;
  CHECK_THROWS_WITH_AS(f.step(&f.plan, arena), doctest::Contains("is not at this position of the plan"), Error);
}
