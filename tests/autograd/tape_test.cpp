// SPDX-License-Identifier: Apache-2.0
// The tape: sums of gradients, a network's gradients, planned memory; and whether these checks notice faults planted in
// the kernel that it adds with and in the plans that its memory comes from.
#include "autograd/tape.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "autograd/context.h"
#include "tensor/error.h"
#include "tensor/ops/add.h"
#include "tensor/ops/batch_norm_relu.h"
#include "tensor/ops/linear.h"
#include "tests/support/tape_checks.h"
#include "tests/support/tensors.h"

using namespace cg;
using namespace cg::test;

namespace {

/// The standard registry, its addition replaced where it adds in place, as the tape does for a second consumer.
Registry adding_in_place_with(void (*broken)(std::span<double> to, std::span<double> addend)) {
  Registry registry = Registry::standard();
  AnyKernel kernel = registry.kernel<Add>(Device::reference, DType::f64);
  kernel.forward = [right = kernel.forward, broken](const void* op, Call& call) {
    if (call.in[0].raw() != call.out[0].raw()) return right(op, call);
    broken(call.out[0].data<double>(), call.in[1].data<double>());
  };
  registry.add(typeid(Add), "add", Device::reference, DType::f64, kernel);
  return registry;
}

/// The standard registry, its kernels in double adding to the gradients of second consumers, but not that of Add.
Registry with_adding_kernels() {
  Registry registry = Registry::standard();
  for (const auto& [type, row] : Registry::standard().rows()) {
    const auto found = row.kernels.find({Device::reference, DType::f64});
    if (found == row.kernels.end() || !found->second.backward) continue;
    AnyKernel kernel = found->second;
    kernel.adds = ~0u;
    kernel.backward = [right = kernel.backward](const void* op, Call& call) {
      Call apart = call;
      for (std::size_t j = 0; j < call.grad_in.size(); ++j)
        if ((call.adds >> j) & 1u) apart.grad_in[j] = call.backend->tensor(call.grad_in[j].spec());
      right(op, apart);
      for (std::size_t j = 0; j < call.grad_in.size(); ++j)
        if ((call.adds >> j) & 1u)
          for (std::size_t k = 0; k < call.grad_in[j].data<double>().size(); ++k)
            call.grad_in[j].data<double>()[k] += apart.grad_in[j].data<double>()[k];
    };
    registry.add(type, row.name, Device::reference, DType::f64, kernel);
  }
  return registry;
}

AnyOp as_it_is(AnyOp op) { return op; }

/// Ops of one name, planned as `change` says.
template <class Change>
ChangeOp planned(const std::string& name, const Change& change) {
  return [=](AnyOp op) {
    if (op.name != name) return op;
    op.plan = [right = op.plan, change](std::span<const Spec> in) {
      Plan plan = right(in);
      change(plan);
      return plan;
    };
    return op;
  };
}

void check_early(const std::string& what, const ChangeOp& change) {
  CAPTURE(what);
  CHECK(planned_memory_complaint(Registry::standard(), change) != "");
}

}  // namespace

TEST_CASE("Tape: a value with two consumers gets the sum of their gradients, a leaf too") {
  CHECK(two_consumers_complaint(Registry::standard()) == "");
}

TEST_CASE("Tape: kernels that can add to the gradient of a second consumer do so, with the same results") {
  const Registry registry = with_adding_kernels();
  CHECK(two_consumers_complaint(registry) == "");
  CHECK(network_gradient_complaint(registry) == "");
  CHECK(planned_memory_complaint(registry, as_it_is) == "");
}

TEST_CASE("Tape: the gradients of a residual network are those of central differences") {
  CHECK(network_gradient_complaint(Registry::standard()) == "");
}

TEST_CASE("Tape: a step in planned memory has the bits of one without a plan") {
  CHECK(planned_memory_complaint(Registry::standard(), as_it_is) == "");
}

TEST_CASE("Tape: a layer without gradient keeps its output for the next layer, even if the output is recomputable") {
  HostBackend host;
  const auto tensor = [&](const Shape& shape, const std::vector<double>& values) {
    return tensor_of(host, {shape, DType::f64}, values);
  };
  const auto gradient_of_weight = [&](bool frozen) {
    const auto fixed = [&](double value) { return constant(tensor({2}, {value, value})); };
    const Tensor weight = tensor({1, 2}, {1, 1}), gradient = tensor({1, 2}, {0, 0});
    const Variable x = constant(tensor({2, 2}, {1, -1, 3, 5})),
                   scale = frozen ? fixed(1) : leaf("scale", tensor({2}, {1, 1}), tensor({2}, {0, 0}));
    Tape tape(host);
    Context ctx(tape, true);
    const Variable y = ctx.apply(BatchNormRelu{}, {x, scale, fixed(0), fixed(0), fixed(1)}),
                   bias = leaf("bias", tensor({1}, {0}), tensor({1}, {0}));
    tape.backward(ctx.apply(Linear{}, {y, leaf("weight", weight, gradient), bias}), tensor({2, 1}, {1, 1}));
    return to_doubles(host, gradient);
  };
  const auto trained = gradient_of_weight(false);
  CHECK(trained[0] > 0.9);
  CHECK(gradient_of_weight(true) == trained);
}

TEST_CASE("Tape: gradients for explanations use the running statistics, as in evaluation") {
  HostBackend host;
  const auto tensor = [&](const Shape& shape, const std::vector<double>& values) {
    return tensor_of(host, {shape, DType::f64}, values);
  };
  const std::vector<double> values = {1, -1, 3, 5}, means = {0.5, 1}, variances = {4, 0.25};
  const auto slopes = [&](const auto& context) {
    const Tensor gradient = tensor({2, 2}, {0, 0, 0, 0}), mean = tensor({2}, means), variance = tensor({2}, variances);
    const auto fixed = [&](double value) { return constant(tensor({2}, {value, value})); };
    Tape tape(host);
    Context ctx = context(tape);
    const Variable y = ctx.apply(
        BatchNormRelu{{.training = ctx.training}},
        {leaf("x", tensor({2, 2}, values), gradient), fixed(3), fixed(0), constant(mean), constant(variance)});
    tape.backward(y, tensor({2, 2}, {1, 1, 1, 1}));
    CHECK((numbers_of(mean) == means) == !ctx.training);
    return to_doubles(host, gradient);
  };
  const auto explained = slopes([](Tape& tape) { return Context::explaining(tape); });
  for (const std::size_t channel : {std::size_t{0}, std::size_t{1}})  // scale / sqrt(variance) where ReLU lets it pass
    for (const std::size_t row : {std::size_t{0}, std::size_t{1}}) {
      const std::size_t k = 2 * row + channel;
      const double slope = values[k] > means[channel] ? 3 / std::sqrt(variances[channel]) : 0;
      CHECK(explained[k] == doctest::Approx(slope).epsilon(1e-4));  // of the epsilon beside the variance
    }
  CHECK(explained != slopes([](Tape& tape) { return Context(tape, true); }));
}

TEST_CASE("Tape: a second backward is refused") {
  HostBackend host;
  const auto tensor = [&](double value) { return tensor_of(host, {{1}, DType::f64}, {value}); };
  const Variable x = leaf("x", tensor(1), tensor(0));
  Tape tape(host);
  const Variable y = tape.apply(erase(Add{}), {x, x}, "", true);
  tape.backward(y, tensor(1));
  CHECK_THROWS_WITH_AS(tape.backward(y, tensor(1)), doctest::Contains("has run backward already"), Error);
}

TEST_CASE("Planted faults: a wrong sum of two consumers' gradients is noticed") {
  const auto check = [](const std::string& what, const Registry& broken) {
    CAPTURE(what);
    CHECK(two_consumers_complaint(broken) != "");
    CHECK(network_gradient_complaint(broken) != "");
  };
  using Numbers = std::span<double>;
  check("the second is lost", adding_in_place_with([](Numbers, Numbers) {}));
  check("the first is lost",
        adding_in_place_with([](Numbers to, Numbers addend) { std::copy(addend.begin(), addend.end(), to.begin()); }));
  check("the second is subtracted", adding_in_place_with([](Numbers to, Numbers addend) {
          for (std::size_t k = 0; k < to.size(); ++k) to[k] -= addend[k];
        }));
  check("the second counts twice", adding_in_place_with([](Numbers to, Numbers addend) {
          for (std::size_t k = 0; k < to.size(); ++k) to[k] += 2 * addend[k];
        }));
  check("every second entry is left out", adding_in_place_with([](Numbers to, Numbers addend) {
          for (std::size_t k = 0; k < to.size(); k += 2) to[k] += addend[k];
        }));
}

TEST_CASE("Planted faults: a plan that frees a buffer too early is noticed") {
  for (const char* op : {"conv3d", "batch_norm_relu", "batch_norm_add_relu", "linear"})
    check_early(std::string("the input of ") + op, planned(op, [](Plan& plan) { plan.saved_inputs &= ~1u; }));
  check_early("the output of batch_norm_add_relu",
              planned("batch_norm_add_relu", [](Plan& plan) { plan.saved_outputs = 0; }));
  check_early("saved statistics", planned("batch_norm_relu", [](Plan& plan) { plan.saved.clear(); }));
  check_early("an output taken for recomputable", planned("conv3d", [](Plan& plan) { plan.recomputable = 1; }));
}
