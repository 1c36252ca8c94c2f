// SPDX-License-Identifier: Apache-2.0
// The bfloat16 copy of the parameters, on a device of the tests' own whose kernels read it: it is the rounded values
// whoever wrote them last, and reaches the kernels.
#include <doctest/doctest.h>

#include "experiments/training/learner.h"
#include "experiments/training/step_memory.h"
#include "losses/y_aware.h"
#include "tensor/error.h"
#include "tensor/ops/conv3d.h"
#include "tensor/random.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

/// The reference's kernels beside a copy.
class CopyingBackend : public HostBackend {
 public:
  CopyingBackend() { traits_.reads_bfloat16_copies = true; }
};

constexpr Index subjects = 5;
const std::vector<double> ages = {21.5, 64.25, 33, 71, 35.5};

LearnerOptions small(DType activations) {
  LearnerOptions o;
  o.model = {.channels = 1, .width = 2, .embedding = 4};
  o.volume = {9, 8, 10};
  o.activations = activations;
  o.seed = 3;
  return o;
}

std::unique_ptr<Loss> loss() { return make_loss<YAware>(); }

Tensor volumes(const Learner& learner) {
  HostBackend host;
  Tensor out = host.tensor(learner.options().batch_spec(subjects, 1));
  Random random({.seed = 5});
  for (float& value : out.data<float>()) value = static_cast<float>(random.normal());
  return out;
}

void take_step(Learner& learner) { learner.step(volumes(learner), ages, {.epoch = 1, .max_epochs = 4}, 1e-2); }

/// Whether two tensors, of float32 and of bfloat16, are the same values, the second rounded.
bool is_rounded(const Tensor& values, const Tensor& copy) {
  const auto v = values.data<float>();
  const auto c = copy.data<bfloat16>();
  bool same = v.size() == c.size();
  for (std::size_t k = 0; same && k < v.size(); ++k) same = c[k].bits == bfloat16(v[k]).bits;
  return same;
}

bool is_rounded(Learner& learner) {
  return is_rounded(learner.parameters().values(), learner.parameters().bfloat16_copy());
}

int convolutions = 0, with_copy = 0;  // seen by the kernels below

void count_copies(const Call& call) {
  ++convolutions;
  with_copy += call.bfloat16_copies.size() == 2 && !call.bfloat16_copies[0] && call.bfloat16_copies[1] &&
               call.bfloat16_copies[1].shape() == call.in[1].shape() && is_rounded(call.in[1], call.bfloat16_copies[1]);
}

}  // namespace

TEST_CASE("bfloat16 copy: the rounded values after drawing, after an update, after writing and after resuming") {
  CopyingBackend backend;
  Learner learner(backend, small(DType::bf16), loss());
  REQUIRE(learner.parameters().bfloat16_copy());
  CHECK(is_rounded(learner));
  take_step(learner);
  CHECK(is_rounded(learner));
  Parameter& stem = learner.parameters().find("encoder.conv1.weight");
  learner.parameters().write(stem, std::vector<double>(static_cast<std::size_t>(count(stem.shape)), 0.3));
  CHECK(is_rounded(learner));

  Learner resumed(backend, small(DType::bf16), loss());
  resumed.resume(learner.state(), learner.batches_seen());
  CHECK(is_rounded(resumed));
  take_step(resumed);
  take_step(learner);
  CHECK(to_doubles(backend, resumed.parameters().values()) == to_doubles(backend, learner.parameters().values()));
}

TEST_CASE("bfloat16 copy: kept only for bfloat16 activations on a device that reads it, and counted as memory") {
  CopyingBackend backend;
  HostBackend plain;
  Learner with(backend, small(DType::bf16), loss()), single(backend, small(DType::f32), loss()),
      without(plain, small(DType::bf16), loss());
  CHECK_FALSE(single.parameters().bfloat16_copy());
  CHECK_FALSE(without.parameters().bfloat16_copy());
  const auto fixed = [](Learner& learner) { return learner.memory(subjects).fixed_sum().total(); };
  CHECK(fixed(with) - fixed(without) == with.parameters().values().spec().size_bytes() / 2);
  CHECK(StepPlanner(small(DType::bf16), backend).memory(subjects).total() == with.memory(subjects).total());
  take_step(with);
  take_step(without);
  CHECK(to_doubles(backend, with.parameters().values()) == to_doubles(plain, without.parameters().values()));
}

TEST_CASE("bfloat16 copy: every convolution gets that of its own weights, forward and backward") {
  Registry registry = Registry::standard();
  Kernel<Conv3d> counting;
  counting.forward = [](const Conv3d& op, Call& call) {
    count_copies(call);
    reference::forward<bfloat16>(op, call);
  };
  counting.backward = [](const Conv3d& op, Call& call) {
    count_copies(call);
    reference::backward<bfloat16>(op, call);
  };
  registry.add<Conv3d>(Device::reference, DType::bf16, counting);
  CopyingBackend backend;
  Learner learner(backend, small(DType::bf16), loss(), registry);
  take_step(learner);
  CHECK(convolutions == 2 * 20);
  CHECK(with_copy == convolutions);
}

TEST_CASE("adam_update: a copy of another shape or type is refused") {
  const Spec buffer{{5}, DType::f32};
  for (const Spec& copy : {Spec{{4}, DType::bf16}, Spec{{5}, DType::f32}}) {
    const std::vector<Spec> in = {buffer, buffer, buffer, buffer, copy};
    CHECK_THROWS_WITH_AS(AdamUpdate{}.plan(in), doctest::Contains("expected bfloat16 [5]"), Error);
  }
}

TEST_CASE("adam_update on the CPU writes the copy if there is one") {
  const auto cpu = make_cpu_backend();
  Call call;
  for (const double start : {1.0, 0.5, 0.1, 0.2}) {
    call.in.push_back(cpu->tensor({{37}, DType::f32}));
    from_doubles(*cpu, std::vector<double>(37, start), call.in.back());
  }
  call.in.push_back(cpu->tensor({{37}, DType::bf16}));
  const AdamUpdate op{.rate = 0.01};
  Registry::standard().kernel<AdamUpdate>(Device::cpu, DType::f32).forward(&op, call);
  CHECK(call.in[0].data<float>()[0] != 1);
  CHECK(is_rounded(call.in[0], call.in[4]));
}
